# One repository, one pipeline for each of its services: a service makes freight when its own folder or
# its own image has changed, and goes to production without waiting for the others.

provider "gitops" {
  region  = var.region
  cluster = { name = var.cluster_name }
}

locals {
  # api-test, api-production, web-test, …
  stages = merge([for service in var.services : {
    "${service}-test"       = { service = service, environment = "test", sources = { direct = true } }
    "${service}-production" = { service = service, environment = "production", sources = { stages = ["${service}-test"] } }
  }]...)

  graph = provider::gitops::promotion_graph(gitops_kargo_warehouse.this, gitops_kargo_stage.this)
}

resource "gitops_kargo_project" "this" {
  name = var.project
}

resource "gitops_kargo_project_config" "this" {
  namespace = gitops_kargo_project.this.name

  promotion_policies = [{
    stage_selector         = { name = "glob:*-test" }
    auto_promotion_enabled = true
  }]
}

resource "gitops_kargo_warehouse" "this" {
  for_each = var.services

  name      = each.key
  namespace = gitops_kargo_project.this.name

  subscriptions = [
    { image = { repo_url = "${var.registry}/${each.key}", constraint = "^1.0.0" } },
    {
      git = {
        repo_url      = var.git_url
        branch        = "main"
        include_paths = ["services/${each.key}/deploy"]
      }
    },
  ]
}

# Written once for all services.
resource "gitops_kargo_promotion_task" "promote" {
  name      = "promote"
  namespace = gitops_kargo_project.this.name

  vars = [
    { name = "repo", value = var.git_url },
    { name = "image" },
    { name = "source" },
    { name = "target" },
  ]

  steps = [
    {
      uses = "git-clone"
      config = {
        repoURL = "$${{ vars.repo }}"
        checkout = [
          { commit = "$${{ commitFrom(vars.repo).ID }}", path = "./src" },
          { branch = "deployed", path = "./out", create = true },
        ]
      }
    },
    {
      uses   = "copy"
      config = { inPath = "./src/$${{ vars.source }}", outPath = "./out/$${{ vars.target }}" }
    },
    {
      uses = "yaml-update"
      as   = "image"
      config = {
        path    = "./out/$${{ vars.target }}/values.yaml"
        updates = [{ key = "image.tag", value = "$${{ imageFrom(vars.image).Tag }}" }]
      }
    },
    {
      uses   = "git-commit"
      config = { path = "./out", message = "$${{ ctx.stage }}: $${{ task.outputs.image.commitMessage }}" }
    },
    {
      uses   = "git-push"
      config = { path = "./out" }
      # Promotions of other services push to the same branch.
      retry = { timeout = "10m", error_threshold = 3 }
    },
  ]
}

resource "gitops_kargo_stage" "this" {
  for_each = local.stages

  name      = each.key
  namespace = gitops_kargo_project.this.name
  labels    = { service = each.value.service, environment = each.value.environment }

  requested_freight = [{
    origin  = { name = gitops_kargo_warehouse.this[each.value.service].name }
    sources = each.value.sources
  }]

  promotion_template = {
    steps = [{
      task = { name = gitops_kargo_promotion_task.promote.name }
      vars = [
        { name = "image", value = "${var.registry}/${each.value.service}" },
        { name = "source", value = "services/${each.value.service}/deploy" },
        { name = "target", value = "${each.value.environment}/${each.value.service}" },
      ]
    }]
  }
}

output "warehouses" {
  description = "What each stage takes: of its own service, and of no other."
  value       = local.graph.warehouses
}
