# The capabilities of a cluster that run the AWS Controllers for Kubernetes.
list "gitops_eks_capability_ack" "these" {
  provider = gitops

  config {
    cluster_name = "main"
  }
}
