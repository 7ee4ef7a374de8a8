# Every application set of one namespace.
list "gitops_application_set" "these" {
  provider = gitops

  config {
    namespace = "argocd"
  }
}
