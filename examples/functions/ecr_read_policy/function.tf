# Argo CD and Kargo read the charts and images of one team.
resource "gitops_iam_role" "argocd" {
  name               = "main-argocd"
  assume_role_policy = provider::gitops::capability_trust_policy()

  inline_policies = {
    charts = provider::gitops::ecr_read_policy(
      "arn:aws:ecr:eu-west-1:123456789012:repository/charts",
      "arn:aws:ecr:eu-west-1:123456789012:repository/shop/*",
    )
  }
}
