# A stage that another configuration manages, or nobody's.
data "gitops_kargo_stage" "prod" {
  namespace = "shop"
  name      = "prod"

  lifecycle {
    postcondition {
      condition     = self.last_promotion == null || self.last_promotion.phase == "Succeeded"
      error_message = "The last promotion failed: ${self.last_promotion.message}"
    }
  }
}

output "images_in_production" {
  value = [for image in flatten(data.gitops_kargo_stage.prod.current_freight[*].images) : "${image.repo_url}:${image.tag}"]
}
