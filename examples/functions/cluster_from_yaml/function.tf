# Secrets in the manifest are left out: they are given in the write-only form.
locals {
  main = provider::gitops::cluster_from_yaml(<<-YAML
    apiVersion: v1
    kind: Secret
    metadata:
      name: main
      namespace: argocd
      labels:
        argocd.argoproj.io/secret-type: cluster
        tier: production
    type: Opaque
    stringData:
      name: main
      server: arn:aws:eks:eu-west-1:111122223333:cluster/main
      project: shop
  YAML
  )
}

resource "gitops_cluster" "main" {
  name         = local.main.name
  namespace    = local.main.namespace
  labels       = local.main.labels
  cluster_name = local.main.cluster_name
  server       = local.main.server
  project      = local.main.project
}
