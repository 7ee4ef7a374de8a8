# Every stage of a Kargo project.
list "gitops_kargo_stage" "these" {
  provider = gitops

  config {
    namespace = "shop"
  }
}
