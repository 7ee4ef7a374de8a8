# The OIDC providers of the account.
list "gitops_iam_openid_connect_provider" "these" {
  provider = gitops
}
