locals {
  shop = provider::gitops::kargo_project_config_from_yaml(<<-YAML
    apiVersion: kargo.akuity.io/v1alpha1
    kind: ProjectConfig
    metadata:
      name: shop
      namespace: shop
    spec:
      promotionPolicies:
        - stageSelector: { name: dev }
          autoPromotionEnabled: true
  YAML
  )
}

resource "gitops_kargo_project_config" "shop" {
  namespace          = local.shop.namespace
  promotion_policies = local.shop.promotion_policies
}
