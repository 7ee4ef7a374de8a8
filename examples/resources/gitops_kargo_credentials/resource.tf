variable "git_token" {
  type      = string
  ephemeral = true
}

# A token for all repositories of an organisation.
resource "gitops_kargo_credentials" "github" {
  name      = "github"
  namespace = "shop"
  type      = "git"

  repo_url            = "^https://github\\.com/example/"
  repo_url_is_regex   = true
  username            = "kargo"
  password_wo         = var.git_token
  password_wo_version = 1
}

variable "github_app_key" {
  type      = string
  ephemeral = true
}

# A GitHub App for all projects, each of which may use it for its own repositories.
resource "gitops_kargo_credentials" "github_app" {
  name      = "github-app"
  namespace = "kargo-shared-resources"
  type      = "git"

  repo_url                          = "^https://github\\.com/example/"
  repo_url_is_regex                 = true
  github_app_client_id              = "Iv23liexample"
  github_app_installation_id        = 12345678
  github_app_private_key_wo         = var.github_app_key
  github_app_private_key_wo_version = 1
  github_token_scopes               = { shop = ["shop", "shop-manifests"] }
}

variable "webhook_secret" {
  type      = string
  ephemeral = true
}

# What a receiver of webhooks is verified by.
resource "gitops_kargo_credentials" "github_webhook" {
  name      = "github-webhook"
  namespace = "shop"
  type      = "generic"

  data_wo         = { secret = var.webhook_secret }
  data_wo_version = 1
}

# What steps read as `secret('chat').url`. Unlike the others, it is kept in the state.
resource "gitops_kargo_credentials" "chat" {
  name      = "chat"
  namespace = "shop"
  type      = "generic"
  data      = { url = "https://chat.example.com/hooks/shop" }
}

# The same for all projects, with a copy in each.
resource "gitops_kargo_credentials" "shared_chat" {
  name         = "chat"
  namespace    = "kargo-shared-resources"
  type         = "generic"
  description  = "Where deployments are announced"
  replicate_to = "*"
  data         = { url = "https://chat.example.com/hooks/all" }
}

# What a receiver is verified by, where nobody minds that it is in the state.
resource "gitops_kargo_credentials" "registry_webhook" {
  name      = "registry-webhook"
  namespace = "shop"
  type      = "generic"
  data      = { secret = "not much of a secret" }
}
