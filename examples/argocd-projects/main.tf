# A team gets a place in a self-managed Argo CD: a project that says what it may deploy and where,
# the repositories that it deploys from, and the cluster that it deploys to.

provider "gitops" {
  region  = var.region
  argo_cd = "self_managed"
  cluster = { name = var.cluster_name }
}

# The cluster that Argo CD runs in, with labels for the generators of application sets. Another one
# is registered with its URL, and `config` says how to log in.
resource "gitops_cluster" "own" {
  name   = "own"
  server = "https://kubernetes.default.svc"
  labels = { environment = "production", region = var.region }

  config = { tls_client_config = { insecure = false } }
}

# A Git repository with a login, which is kept neither in a plan nor in the state. Change the version
# to send a new password.
resource "gitops_repository" "git" {
  name     = "shop-git"
  url      = var.git_url
  project  = gitops_app_project.shop.name
  username = var.git_username

  password_wo         = var.git_password
  password_wo_version = 1
}

resource "gitops_repository" "charts" {
  name            = "shop-charts"
  url             = var.chart_repository_url
  type            = "helm"
  repository_name = "charts"
  project         = gitops_app_project.shop.name
}

resource "gitops_app_project" "shop" {
  name        = "shop"
  description = "What the shop's team deploys, and where"

  source_repos = [var.git_url, var.chart_repository_url]

  destinations = [
    { server = gitops_cluster.own.server, namespace = "shop" },
    { server = gitops_cluster.own.server, namespace = "shop-*" },
    { server = gitops_cluster.own.server, namespace = "!shop-secrets" },
  ]

  # Of the cluster's own kinds namespaces alone, and none of the limits that the platform sets.
  cluster_resource_whitelist   = [{ group = "", kind = "Namespace" }]
  namespace_resource_blacklist = [{ group = "", kind = "ResourceQuota" }, { group = "", kind = "LimitRange" }]

  # Show what is in the team's namespaces and belongs to no application.
  orphaned_resources = { warn = false }

  roles = [
    {
      name        = "developer"
      description = "Looks at everything and starts synchronisations"
      groups      = var.oidc_groups
      policies = [
        "p, proj:shop:developer, applications, get, shop/*, allow",
        "p, proj:shop:developer, applications, sync, shop/*, allow",
      ]
    },
    {
      name        = "ci"
      description = "Waits for what a pipeline has pushed"
      policies    = ["p, proj:shop:ci, applications, get, shop/*, allow"]
    },
  ]

  # Nothing is deployed by itself on a Friday night.
  sync_windows = [{
    kind         = "deny"
    schedule     = "0 18 * * 5"
    duration     = "12h"
    time_zone    = "Europe/Berlin"
    applications = ["*-production"]
    manual_sync  = true
  }]
}
