# Promotes the newest freight of the warehouse that is available to the stage:
# terraform apply -invoke=action.gitops_kargo_stage_promote.uat
action "gitops_kargo_stage_promote" "uat" {
  config {
    namespace = "shop"
    name      = "uat"
    warehouse = "shop"
    verified  = true # so that prod may take it when the action has ended
  }
}

# Brings back what was there before, as found by its alias.
action "gitops_kargo_stage_promote" "back" {
  config {
    namespace     = "shop"
    name          = "prod"
    freight_alias = "iron-sponge"
    timeout       = "30m"
  }
}
