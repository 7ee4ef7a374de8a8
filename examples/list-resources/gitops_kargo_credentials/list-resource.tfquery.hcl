# All credentials of a Kargo project that are for Git.
list "gitops_kargo_credentials" "these" {
  provider = gitops

  config {
    namespace      = "shop"
    label_selector = "kargo.akuity.io/cred-type=git"
  }
}
