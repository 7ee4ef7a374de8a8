# An application that another configuration manages, or nobody's.
data "gitops_application" "shop" {
  name = "shop"

  lifecycle {
    postcondition {
      condition     = self.health.status == "Healthy"
      error_message = join("; ", self.conditions[*].message)
    }
  }
}

output "revision" {
  value = data.gitops_application.shop.sync.revision
}

output "images" {
  value = data.gitops_application.shop.images
}
