# Ends the promotion to production that goes on, such as one that waits for a pull request:
# terraform apply -invoke=action.gitops_kargo_promotion_abort.prod
action "gitops_kargo_promotion_abort" "prod" {
  config {
    namespace = "shop"
    stage     = "prod"
  }
}
