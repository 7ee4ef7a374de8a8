# One role for two service accounts, on a cluster without EKS Pod Identity.
resource "gitops_iam_role" "shop" {
  name = "shop"

  assume_role_policy = provider::gitops::irsa_trust_policy(
    "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
    "shop:api",
    "shop:worker",
  )
}
