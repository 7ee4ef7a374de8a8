variable "git_token" {
  description = "Token that Argo CD fetches with."
  type        = string
  ephemeral   = true
}

# Secrets in the manifest are left out: they are given in the write-only form.
locals {
  shop = provider::gitops::repository_from_yaml(<<-YAML
    apiVersion: v1
    kind: Secret
    metadata:
      name: shop
      namespace: argocd
      labels: { argocd.argoproj.io/secret-type: repository }
    stringData:
      url: https://github.com/example/shop
      username: argocd
      password: is left out
  YAML
  )
}

resource "gitops_repository" "shop" {
  name                = local.shop.name
  namespace           = local.shop.namespace
  url                 = local.shop.url
  username            = local.shop.username
  password_wo         = var.git_token
  password_wo_version = 1
}
