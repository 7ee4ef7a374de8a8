# The clusters that are registered with a label, as a generator would select them.
list "gitops_cluster" "these" {
  provider = gitops

  config {
    namespace      = "argocd"
    label_selector = "environment=production"
  }
}
