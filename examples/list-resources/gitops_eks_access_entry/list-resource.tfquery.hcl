# Who is a cluster administrator.
list "gitops_eks_access_entry" "these" {
  provider = gitops

  config {
    cluster_name          = "main"
    associated_policy_arn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
  }
}
