# The pod identity associations of a namespace.
list "gitops_pod_identity_association" "these" {
  provider = gitops

  config {
    cluster_name = "main"
    namespace    = "shop"
  }
}
