variable "git_token" {
  description = "Token that Argo CD fetches with."
  type        = string
  ephemeral   = true
}

# Secrets in the manifest are left out: they are given in the write-only form.
locals {
  github = provider::gitops::repository_credentials_from_yaml(<<-YAML
    apiVersion: v1
    kind: Secret
    metadata:
      name: github
      namespace: argocd
      labels: { argocd.argoproj.io/secret-type: repo-creds }
    stringData:
      url: https://github.com/example
      username: argocd
      password: is left out
  YAML
  )
}

resource "gitops_repository_credentials" "github" {
  name                = local.github.name
  namespace           = local.github.namespace
  url                 = local.github.url
  username            = local.github.username
  password_wo         = var.git_token
  password_wo_version = 1
}
