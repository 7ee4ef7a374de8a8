# Takes every piece of freight as soon as the warehouse `shop` has made it.
resource "gitops_kargo_stage" "staging" {
  name      = "staging"
  namespace = "shop"

  requested_freight = [{
    origin  = { name = "shop" }
    sources = { direct = true }
  }]

  promotion_template = {
    vars = [{ name = "image", value = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop" }]

    # `config` is spelled as in Kargo's documentation, and `$${{` is Kargo's `${{`.
    steps = [{
      uses = "argocd-update"
      config = {
        apps = [{
          name = "shop-staging"
          sources = [{
            repoURL = "https://github.com/example/shop"
            helm = {
              images = [{ key = "image.tag", value = "$${{ imageFrom(vars.image).Tag }}" }]
            }
          }]
        }]
      }
    }]
  }
}

# Takes what has been verified in staging for a day.
resource "gitops_kargo_stage" "production" {
  name      = "production"
  namespace = "shop"

  requested_freight = [{
    origin = { name = "shop" }
    sources = {
      stages             = [gitops_kargo_stage.staging.name]
      required_soak_time = "24h"
    }
  }]

  promotion_template = {
    steps = [{ task = { name = "open-pull-request" } }]
  }
}
