resource "gitops_application" "shop" {
  name    = "shop"
  project = "shop"

  source = {
    repo_url        = "https://github.com/example/shop"
    path            = "chart"
    target_revision = "main"

    helm = {
      value_files   = ["values-production.yaml"]
      values_object = jsonencode({ replicas = 3 })
    }
  }

  destination = {
    server    = "arn:aws:eks:eu-west-1:111122223333:cluster/main"
    namespace = "shop-production"
  }

  sync_policy = {
    automated    = { prune = true, self_heal = true }
    sync_options = ["CreateNamespace=true"]
  }

  # The apply ends when the application is synced and healthy.
  wait = {}
}

# A stage of Kargo promotes this one: the revision is set once, and is Kargo's from then on.
resource "gitops_application" "shop_staging" {
  name    = "shop-staging"
  project = "shop"

  annotations = { "kargo.akuity.io/authorized-stage" = "shop:staging" }

  source = {
    repo_url        = "https://github.com/example/shop"
    path            = "chart"
    target_revision = "main"
  }

  destination = {
    server    = "arn:aws:eks:eu-west-1:111122223333:cluster/main"
    namespace = "shop-staging"
  }
}
