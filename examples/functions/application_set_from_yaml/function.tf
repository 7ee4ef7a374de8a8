# Many manifests at once: for_each over what fileset(...) finds, with the same arguments.
locals {
  sets = {
    for set in [
      provider::gitops::application_set_from_yaml(<<-YAML
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata:
          name: shop
          namespace: argocd
        spec:
          goTemplate: true
          generators:
            - clusters: { selector: { matchLabels: { tier: production } } }
          template:
            metadata: { name: "shop-{{.name}}" }
            spec:
              project: shop
              source: { repoURL: https://github.com/example/shop, path: chart, targetRevision: main }
              destination: { name: "{{.name}}", namespace: shop }
      YAML
      )
    ] : set.name => set
  }
}

resource "gitops_application_set" "these" {
  for_each = local.sets

  name        = each.value.name
  namespace   = each.value.namespace
  go_template = each.value.go_template
  generators  = each.value.generators
  template    = each.value.template
}
