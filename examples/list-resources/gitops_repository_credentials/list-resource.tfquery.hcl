# The credentials with a label.
list "gitops_repository_credentials" "these" {
  provider = gitops

  config {
    namespace      = "argocd"
    label_selector = "team=shop"
  }
}
