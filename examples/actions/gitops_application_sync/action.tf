# Synchronises an application whenever its configuration has changed, and whenever somebody asks:
# terraform apply -invoke=action.gitops_application_sync.shop
action "gitops_application_sync" "shop" {
  config {
    name    = "shop"
    prune   = true
    healthy = true
  }
}

resource "gitops_application" "shop" {
  name        = "shop"
  source      = { repo_url = "https://github.com/example/shop.git", path = "deploy" }
  destination = { name = "in-cluster", namespace = "shop" }

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.gitops_application_sync.shop]
    }
  }
}
