# The capabilities of a cluster that run kro.
list "gitops_eks_capability_kro" "these" {
  provider = gitops

  config {
    cluster_name = "main"
  }
}
