# Takes one piece of freight to production, and fails when a step does.
resource "gitops_kargo_promotion" "release" {
  namespace = "shop"
  stage     = "production"
  freight   = "bc477e52b97b84854e3a7aae4800cf9012594241"
}

# What staging would promote by itself, without waiting for the end.
resource "gitops_kargo_promotion" "newest" {
  namespace = "shop"
  stage     = "staging"
  origin    = { name = "shop" }
  wait      = { succeeded = false }
}
