# EKS makes an entry for the role of a capability. It is adopted, and gets what Argo CD needs to deploy.
resource "gitops_eks_access_entry" "argocd" {
  cluster_name  = "main"
  principal_arn = "arn:aws:iam::111122223333:role/main-argocd"

  policy_associations = [{ policy_arn = "AmazonEKSClusterAdminPolicy" }]
}

# A team with its own namespaces.
resource "gitops_eks_access_entry" "shop" {
  cluster_name      = "main"
  principal_arn     = "arn:aws:iam::111122223333:role/teams/shop"
  kubernetes_groups = ["shop"]

  policy_associations = [{
    policy_arn   = "AmazonEKSEditPolicy"
    access_scope = { type = "namespace", namespaces = ["shop-*"] }
  }]
}
