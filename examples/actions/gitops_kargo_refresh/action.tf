# Has a warehouse look for new artifacts, now, such as at the end of a build:
# terraform apply -invoke=action.gitops_kargo_refresh.shop
action "gitops_kargo_refresh" "shop" {
  config {
    kind      = "Warehouse"
    name      = "shop"
    namespace = "shop"
  }
}

# The same for the secrets of a project's webhook receivers.
action "gitops_kargo_refresh" "project" {
  config {
    kind      = "ProjectConfig"
    namespace = "shop"
  }
}
