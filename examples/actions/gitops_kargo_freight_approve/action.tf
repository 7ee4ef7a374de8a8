# Lets a repair into production without waiting for the stages before it:
# terraform apply -invoke=action.gitops_kargo_freight_approve.hotfix
action "gitops_kargo_freight_approve" "hotfix" {
  config {
    namespace = "shop"
    alias     = "iron-sponge"
    stage     = "prod"
  }
}
