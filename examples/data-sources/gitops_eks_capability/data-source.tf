# The Argo CD of a cluster that another configuration manages, whatever its name.
data "gitops_eks_capability" "argocd" {
  cluster_name = "main"
  type         = "ARGOCD"

  lifecycle {
    postcondition {
      condition     = self.status == "ACTIVE"
      error_message = join("; ", self.health.issues[*].message)
    }
  }
}

# What it may deploy here.
resource "gitops_eks_access_entry" "argocd" {
  cluster_name  = "main"
  principal_arn = data.gitops_eks_capability.argocd.role_arn

  policy_associations = [{ policy_arn = "AmazonEKSClusterAdminPolicy" }]
}

output "argo_cd_url" {
  value = data.gitops_eks_capability.argocd.server_url
}
