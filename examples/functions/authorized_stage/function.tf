# Kargo's stage `prod` may change the application: which revision it deploys, and with which images.
resource "gitops_application" "shop_prod" {
  name        = "shop-prod"
  source      = { repo_url = "https://github.com/example/shop.git", path = "env/prod" }
  destination = { name = "in-cluster", namespace = "shop" }

  annotations = {
    "kargo.akuity.io/authorized-stage" = provider::gitops::authorized_stage("shop", "prod") # shop:prod
  }
}
