# Every application of one namespace.
list "gitops_application" "these" {
  provider = gitops

  config {
    namespace = "argocd"
  }
}
