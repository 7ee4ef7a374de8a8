# A cluster that another configuration manages.
data "gitops_eks_cluster" "main" {
  name = "main"
}

# A role for a service account in it, by the cluster's own issuer.
resource "gitops_iam_role" "shop" {
  name = "shop"

  assume_role_policy = provider::gitops::irsa_trust_policy(
    data.gitops_eks_cluster.main.oidc_provider_arn,
    "shop:api",
  )
}

output "kubernetes_version" {
  value = data.gitops_eks_cluster.main.version
}
