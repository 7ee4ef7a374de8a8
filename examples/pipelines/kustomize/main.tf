# Two ways to change the images of a Kustomization. In dev, Argo CD is told of them and nothing is
# written: that is quick, and gone with the application. For production they are written to Git.

provider "gitops" {
  region  = var.region
  cluster = { name = var.cluster_name }
}

locals {
  tag = "$${{ imageFrom('${var.image}').Tag }}"

  stages = {
    dev = {
      sources = { direct = true }
      steps = [{
        uses = "argocd-update"
        config = {
          apps = [{
            name = "${var.project}-dev"
            sources = [{
              repoURL   = var.git_url
              kustomize = { images = [{ repoURL = var.image, tag = local.tag }] }
            }]
          }]
        }
      }]
    }

    prod = {
      sources = { stages = ["dev"] }
      steps = [
        {
          uses   = "git-clone"
          config = { repoURL = var.git_url, checkout = [{ branch = "main", path = "./src" }] }
        },
        {
          uses = "kustomize-set-image"
          as   = "image"
          config = {
            path   = "./src/overlays/prod"
            images = [{ image = var.image, tag = local.tag }]
          }
        },
        {
          uses   = "git-commit"
          config = { path = "./src", message = "$${{ outputs.image.commitMessage }}" }
        },
        {
          uses   = "git-push"
          as     = "push"
          config = { path = "./src" }
        },
        {
          uses = "argocd-update"
          config = {
            apps = [{
              name    = "${var.project}-prod"
              sources = [{ repoURL = var.git_url, desiredRevision = "$${{ outputs.push.commit }}" }]
            }]
          }
        },
      ]
    }
  }
}

resource "gitops_kargo_project" "this" {
  name = var.project
}

resource "gitops_kargo_warehouse" "this" {
  name      = "shop"
  namespace = gitops_kargo_project.this.name

  subscriptions = [{ image = { repo_url = var.image, constraint = "^1.0.0" } }]
}

resource "gitops_kargo_stage" "this" {
  for_each = local.stages

  name      = each.key
  namespace = gitops_kargo_project.this.name

  requested_freight = [{
    origin  = { name = gitops_kargo_warehouse.this.name }
    sources = each.value.sources
  }]

  promotion_template = { steps = each.value.steps }
}

resource "gitops_application" "this" {
  for_each = gitops_kargo_stage.this

  name      = "${var.project}-${each.key}"
  namespace = var.argocd_namespace

  # Kargo changes `kustomize.images` in dev. It is not set here, so that no plan wants it back.
  source      = { repo_url = var.git_url, path = "overlays/${each.key}", target_revision = "main" }
  destination = { server = var.cluster_arn, namespace = "${var.project}-${each.key}" }
  sync_policy = { sync_options = ["CreateNamespace=true"] }

  annotations = {
    "kargo.akuity.io/authorized-stage" = provider::gitops::authorized_stage(var.project, each.key)
  }
}
