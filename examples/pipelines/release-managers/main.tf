# Everybody of the team promotes to dev; to production release managers do, and nobody else. Kargo asks
# for the permission `promote` on the stage, whoever it is that makes a promotion.

provider "gitops" {
  region  = var.region
  cluster = { name = var.cluster_name }
}

locals {
  # What every role may look at.
  read = {
    api_groups = ["kargo.akuity.io"]
    resources  = ["freights", "projectconfigs", "promotions", "promotiontasks", "stages", "warehouses"]
    verbs      = ["get", "list", "watch"]
  }
  create = {
    api_groups = ["kargo.akuity.io"]
    resources  = ["promotions"]
    verbs      = ["create"]
  }
}

resource "gitops_kargo_project" "this" {
  name = var.project
}

# Nothing goes to production by itself.
resource "gitops_kargo_project_config" "this" {
  namespace = gitops_kargo_project.this.name

  promotion_policies = [{
    stage_selector         = { name = gitops_kargo_stage.production.name }
    auto_promotion_enabled = false
  }]
}

resource "gitops_kargo_warehouse" "this" {
  name      = "shop"
  namespace = gitops_kargo_project.this.name

  subscriptions = [{ image = { repo_url = var.image, constraint = "^1.0.0" } }]
}

resource "gitops_kargo_stage" "dev" {
  name      = "dev"
  namespace = gitops_kargo_project.this.name

  requested_freight = [{
    origin  = { name = gitops_kargo_warehouse.this.name }
    sources = { direct = true }
  }]

  promotion_template = { steps = local.steps }
}

resource "gitops_kargo_stage" "production" {
  name      = "production"
  namespace = gitops_kargo_project.this.name

  requested_freight = [{
    origin  = { name = gitops_kargo_warehouse.this.name }
    sources = { stages = [gitops_kargo_stage.dev.name] }
  }]

  promotion_template = { steps = local.steps }
}

locals {
  steps = [{
    uses = "argocd-update"
    config = {
      apps = [{
        name    = "${var.project}-$${{ ctx.stage }}"
        sources = [{ repoURL = var.git_url, kustomize = { images = [{ repoURL = var.image, tag = "$${{ imageFrom('${var.image}').Tag }}" }] } }]
      }]
    }
  }]
}

resource "gitops_kargo_role" "developer" {
  name        = "developer"
  namespace   = gitops_kargo_project.this.name
  description = "Promotes to dev"
  claims      = { groups = [var.developers] }

  rules = [local.read, local.create, {
    api_groups     = ["kargo.akuity.io"]
    resources      = ["stages"]
    resource_names = [gitops_kargo_stage.dev.name]
    verbs          = ["promote"]
  }]
}

# Nobody is mapped to the roles that Kargo makes for every project, kargo-admin and kargo-promoter,
# unless somebody does that: they may promote to all stages.
resource "gitops_kargo_role" "release_manager" {
  name        = "release-manager"
  namespace   = gitops_kargo_project.this.name
  description = "Promotes to production"
  claims      = { groups = [var.release_managers] }

  rules = [local.read, local.create, {
    api_groups     = ["kargo.akuity.io"]
    resources      = ["stages"]
    resource_names = [gitops_kargo_stage.dev.name, gitops_kargo_stage.production.name]
    verbs          = ["promote"]
  }]
}
