# The settings of every Argo CD in a cluster.
list "gitops_argocd_config" "all" {
  provider = gitops

  config {
    cluster = { name = "main" }
  }
}
