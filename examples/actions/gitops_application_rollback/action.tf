# Brings the application back to the deployment before the last:
# terraform apply -invoke=action.gitops_application_rollback.shop
action "gitops_application_rollback" "shop" {
  config {
    name    = "shop"
    prune   = true
    healthy = true
  }
}
