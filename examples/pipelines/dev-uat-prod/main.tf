# Dev, UAT, production: each takes only what was verified in the one before it, and production what has
# been in UAT for a day. Whether freight can come to every stage is checked at the plan.

provider "gitops" {
  region  = var.region
  cluster = { name = var.cluster_name }
}

locals {
  stages = {
    dev  = { direct = true }
    uat  = { stages = ["dev"] }
    prod = { stages = ["uat"], required_soak_time = "24h" }
  }

  graph = provider::gitops::promotion_graph([gitops_kargo_warehouse.this], gitops_kargo_stage.this)
}

resource "gitops_kargo_project" "this" {
  name = var.project
}

resource "gitops_kargo_project_config" "this" {
  namespace = gitops_kargo_project.this.name

  # Production is promoted to by people.
  promotion_policies = [for stage in ["dev", "uat"] : {
    stage_selector         = { name = stage }
    auto_promotion_enabled = true
  }]
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
    sources = each.value
  }]

  promotion_template = {
    steps = [{
      uses = "argocd-update"
      config = {
        apps = [{
          name = "${var.project}-${each.key}"
          sources = [{
            repoURL = var.git_url
            helm    = { images = [{ key = "image.tag", value = "$${{ imageFrom('${var.image}').Tag }}" }] }
          }]
        }]
      }
    }]
  }
}

resource "gitops_application" "this" {
  for_each = gitops_kargo_stage.this

  name      = "${var.project}-${each.key}"
  namespace = var.argocd_namespace

  source = {
    repo_url        = var.git_url
    path            = "chart"
    target_revision = "main"
    helm            = { value_files = ["values-${each.key}.yaml"] }
  }

  destination = { server = var.cluster_arn, namespace = "${var.project}-${each.key}" }
  sync_policy = { sync_options = ["CreateNamespace=true"] }

  annotations = {
    "kargo.akuity.io/authorized-stage" = provider::gitops::authorized_stage(var.project, each.key)
  }
}

output "order" {
  description = "The stages in the order in which freight comes to them."
  value       = local.graph.order
}

output "picture" {
  description = "The pipeline as a flowchart of Mermaid."
  value       = local.graph.mermaid
}
