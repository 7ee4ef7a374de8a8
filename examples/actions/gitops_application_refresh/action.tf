# Has Argo CD find what was pushed a moment ago, without waiting for its next poll:
# terraform apply -invoke=action.gitops_application_refresh.shop
action "gitops_application_refresh" "shop" {
  config {
    name = "shop"
  }
}

# Renders the manifests anew as well.
action "gitops_application_refresh" "shop_hard" {
  config {
    name = "shop"
    hard = true
  }
}
