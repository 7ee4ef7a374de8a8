resource "gitops_app_project" "shop" {
  name        = "shop"
  description = "Applications of the shop team"

  source_repos      = ["https://github.com/example/*"]
  source_namespaces = ["argocd"]

  destinations = [{
    server    = "arn:aws:eks:eu-west-1:111122223333:cluster/main"
    namespace = "shop-*"
  }]

  cluster_resource_whitelist   = [{ group = "", kind = "Namespace" }]
  namespace_resource_blacklist = [{ group = "", kind = "ResourceQuota" }]

  # Nothing is deployed on its own from Friday afternoon to Monday morning.
  sync_windows = [{
    kind         = "deny"
    schedule     = "0 15 * * 5"
    duration     = "63h"
    time_zone    = "Europe/Berlin"
    applications = ["*"]
    manual_sync  = true
  }]
}
