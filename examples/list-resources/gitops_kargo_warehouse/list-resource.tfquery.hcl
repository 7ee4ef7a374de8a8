# Every warehouse of a Kargo project.
list "gitops_kargo_warehouse" "these" {
  provider = gitops

  config {
    namespace = "shop"
  }
}
