# All freight of a Kargo project.
list "gitops_kargo_freight" "these" {
  provider = gitops

  config {
    namespace = "shop"
  }
}
