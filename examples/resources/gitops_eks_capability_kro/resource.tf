# kro calls nothing of AWS, so its role has no permissions.
resource "gitops_iam_role" "kro" {
  name               = "main-kro"
  assume_role_policy = provider::gitops::capability_trust_policy()
}

resource "gitops_eks_capability_kro" "main" {
  cluster_name = "main"
  role_arn     = gitops_iam_role.kro.arn
}

# In the cluster, kro may make what its graphs are made of.
resource "gitops_eks_access_entry" "kro" {
  cluster_name  = "main"
  principal_arn = gitops_iam_role.kro.arn

  policy_associations = [{
    policy_arn   = "AmazonEKSEditPolicy"
    access_scope = { type = "namespace", namespaces = ["shop-*"] }
  }]

  # It makes the entry by itself; what is configured here is added.
  depends_on = [gitops_eks_capability_kro.main]
}
