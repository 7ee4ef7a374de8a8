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

# Image Updater writes new images into this one, and a channel hears of what fails.
resource "gitops_application" "web" {
  name    = "web"
  argo_cd = "self_managed"

  source = {
    repo_url = "https://github.com/example/web"
    path     = "chart"
  }

  destination = { name = "in-cluster", namespace = "web" }

  notifications = [
    { trigger = "on-sync-failed", service = "slack", recipients = ["web-alerts"] },
  ]

  image_updater = {
    images = [{
      alias          = "web"
      image          = "ghcr.io/example/web"
      constraint     = "~1.26"
      ignore_tags    = ["*-rc*"]
      helm_image_tag = "image.tag"
    }]
  }
}

# The first application is made once, and deploys all others from Git, itself included. What Git
# says of it from then on is no difference, and a destroy leaves what it has deployed in place.
resource "gitops_application" "root" {
  name       = "root"
  management = "bootstrap"
  on_destroy = "orphan"

  source = {
    repo_url        = "https://github.com/example/platform"
    path            = "applications"
    target_revision = "main"
  }

  destination = {
    server    = "arn:aws:eks:eu-west-1:111122223333:cluster/main"
    namespace = "argocd"
  }

  sync_policy = { automated = { prune = true, self_heal = true } }
}
