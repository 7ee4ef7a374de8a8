# May look at everything in the project, and promote to staging.
resource "gitops_kargo_role" "developer" {
  name        = "developer"
  namespace   = "shop"
  description = "Promotes to staging"
  claims      = { groups = ["shop-developers"] }

  rules = [
    {
      api_groups = ["kargo.akuity.io"]
      resources  = ["freights", "promotions", "stages", "warehouses"]
      verbs      = ["get", "list", "watch"]
    },
    {
      api_groups = ["kargo.akuity.io"]
      resources  = ["promotions"]
      verbs      = ["create"]
    },
    {
      api_groups     = ["kargo.akuity.io"]
      resources      = ["stages"]
      resource_names = ["staging"]
      verbs          = ["promote"]
    },
  ]
}
