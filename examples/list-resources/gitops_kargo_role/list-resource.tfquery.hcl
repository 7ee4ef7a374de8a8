# All roles of a Kargo project, those that Kargo makes by itself among them.
list "gitops_kargo_role" "these" {
  provider = gitops

  config {
    namespace = "shop"
  }
}
