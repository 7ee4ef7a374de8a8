# A migration is a copy: each argument of the resource is the attribute of that name. The manifest is
# usually in a file: provider::gitops::application_from_yaml(file("${path.module}/shop.yaml")).
locals {
  shop = provider::gitops::application_from_yaml(<<-YAML
    apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata:
      name: shop
      namespace: argocd
      finalizers: [resources-finalizer.argocd.argoproj.io]
    spec:
      project: shop
      source:
        repoURL: https://github.com/example/shop
        path: chart
        targetRevision: main
        helm:
          valuesObject: { replicas: 3 }
      destination:
        server: arn:aws:eks:eu-west-1:111122223333:cluster/main
        namespace: shop
      syncPolicy:
        automated: { prune: true, selfHeal: true }
  YAML
  )
}

resource "gitops_application" "shop" {
  name        = local.shop.name
  namespace   = local.shop.namespace
  labels      = local.shop.labels
  annotations = local.shop.annotations
  project     = local.shop.project
  source      = local.shop.source
  sources     = local.shop.sources
  destination = local.shop.destination
  sync_policy = local.shop.sync_policy
  cascade     = local.shop.cascade
}
