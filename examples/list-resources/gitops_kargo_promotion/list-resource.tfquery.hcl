# All promotions to a stage of a Kargo project.
list "gitops_kargo_promotion" "these" {
  provider = gitops

  config {
    namespace      = "shop"
    label_selector = "kargo.akuity.io/stage=production"
  }
}
