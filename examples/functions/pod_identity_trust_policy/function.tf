# For the pods of one service account, even if somebody associates the role with another one.
resource "gitops_iam_role" "shop" {
  name               = "shop"
  assume_role_policy = provider::gitops::pod_identity_trust_policy("shop:api")
}

resource "gitops_pod_identity_association" "shop" {
  cluster_name    = "main"
  namespace       = "shop"
  service_account = "api"
  role_arn        = gitops_iam_role.shop.arn
}
