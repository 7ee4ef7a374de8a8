locals {
  images = provider::gitops::kargo_warehouse_from_yaml(<<-YAML
    apiVersion: kargo.akuity.io/v1alpha1
    kind: Warehouse
    metadata:
      name: images
      namespace: shop
    spec:
      subscriptions:
        - image: { repoURL: ghcr.io/example/shop, constraint: ^1.0.0 }
  YAML
  )
}

resource "gitops_kargo_warehouse" "images" {
  name          = local.images.name
  namespace     = local.images.namespace
  subscriptions = local.images.subscriptions
}
