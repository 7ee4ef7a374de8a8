# The capabilities of a cluster that run Argo CD.
list "gitops_eks_capability_argocd" "these" {
  provider = gitops

  config {
    cluster_name = "main"
  }
}
