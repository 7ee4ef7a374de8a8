locals {
  shop = provider::gitops::kargo_project_from_yaml(<<-YAML
    apiVersion: kargo.akuity.io/v1alpha1
    kind: Project
    metadata:
      name: shop
      annotations: { kargo.akuity.io/description: The shop }
  YAML
  )
}

resource "gitops_kargo_project" "shop" {
  name        = local.shop.name
  description = local.shop.description
}
