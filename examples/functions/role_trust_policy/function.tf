# What Kargo may read for the project "shop", and for no other.
resource "gitops_iam_role" "shop" {
  name               = "kargo-project-shop"
  assume_role_policy = provider::gitops::role_trust_policy("arn:aws:iam::123456789012:role/main-kargo")

  inline_policies = {
    images = provider::gitops::ecr_read_policy("arn:aws:ecr:eu-west-1:123456789012:repository/shop/*")
  }
}
