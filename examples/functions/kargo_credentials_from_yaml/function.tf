locals {
  git = provider::gitops::kargo_credentials_from_yaml(<<-YAML
    apiVersion: v1
    kind: Secret
    metadata:
      name: git
      namespace: shop
      labels:
        kargo.akuity.io/cred-type: git
    stringData:
      repoURL: https://github.com/example/shop
      username: kargo
      password: not-read
  YAML
  )
}

variable "git_token" {
  description = "Token that Kargo writes to the repository with."
  type        = string
  ephemeral   = true
}

# The function leaves secrets out: they come from elsewhere.
resource "gitops_kargo_credentials" "git" {
  name      = local.git.name
  namespace = local.git.namespace
  type      = local.git.type
  repo_url  = local.git.repo_url
  username  = local.git.username

  password_wo         = var.git_token
  password_wo_version = 1
}
