# Every promotion task of a Kargo project.
list "gitops_kargo_promotion_task" "these" {
  provider = gitops

  config {
    namespace = "shop"
  }
}
