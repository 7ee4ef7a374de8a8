resource "gitops_kargo_project" "shop" {
  name        = "shop"
  description = "From commits to production"
}
