locals {
  staging = provider::gitops::kargo_stage_from_yaml(<<-YAML
    apiVersion: kargo.akuity.io/v1alpha1
    kind: Stage
    metadata:
      name: staging
      namespace: shop
    spec:
      requestedFreight:
        - origin: { kind: Warehouse, name: images }
          sources: { direct: true }
      promotionTemplate:
        spec:
          steps:
            - uses: git-clone
              config: { repoURL: "https://github.com/example/shop", checkout: [{ branch: main, path: ./src }] }
  YAML
  )
}

resource "gitops_kargo_stage" "staging" {
  name               = local.staging.name
  namespace          = local.staging.namespace
  requested_freight  = local.staging.requested_freight
  promotion_template = local.staging.promotion_template
}
