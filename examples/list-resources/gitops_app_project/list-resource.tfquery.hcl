# Every project of one namespace.
list "gitops_app_project" "these" {
  provider = gitops

  config {
    namespace = "argocd"
  }
}
