# The repositories with a label.
list "gitops_repository" "these" {
  provider = gitops

  config {
    namespace      = "argocd"
    label_selector = "team=shop"
  }
}
