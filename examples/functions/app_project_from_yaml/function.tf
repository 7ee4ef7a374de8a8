locals {
  shop = provider::gitops::app_project_from_yaml(<<-YAML
    apiVersion: argoproj.io/v1alpha1
    kind: AppProject
    metadata:
      name: shop
      namespace: argocd
    spec:
      description: The shop
      sourceRepos: ["https://github.com/example/*"]
      sourceNamespaces: [argocd]
      destinations:
        - { name: main, namespace: "shop-*" }
  YAML
  )
}

resource "gitops_app_project" "shop" {
  name              = local.shop.name
  namespace         = local.shop.namespace
  description       = local.shop.description
  source_repos      = local.shop.source_repos
  source_namespaces = local.shop.source_namespaces
  destinations      = local.shop.destinations
}
