# Ends a synchronisation that hangs, such as one that waits for a hook:
# terraform apply -invoke=action.gitops_application_terminate.shop
action "gitops_application_terminate" "shop" {
  config {
    name    = "shop"
    timeout = "5m"
  }
}
