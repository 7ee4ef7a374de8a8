# Runs for the environment "production", and none else, may push images.
resource "gitops_iam_role" "release" {
  name = "shop-release"

  assume_role_policy = provider::gitops::github_actions_trust_policy(
    "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
    "example/shop:environment:production",
  )
}
