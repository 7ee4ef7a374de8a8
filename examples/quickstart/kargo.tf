# A pipeline: new commits go to dev, and on to prod when somebody promotes them.

resource "gitops_kargo_project" "this" {
  count = var.kargo ? 1 : 0

  name        = "quickstart-pipeline"
  description = "Pipeline of the quickstart"

  depends_on = [gitops_eks_capability_argocd.this]
}

resource "gitops_kargo_warehouse" "this" {
  count = var.kargo ? 1 : 0

  name      = "manifests"
  namespace = gitops_kargo_project.this[0].name

  subscriptions = [{
    git = {
      repo_url      = var.git_url
      include_paths = [var.git_path]
    }
  }]
}

resource "gitops_kargo_stage" "dev" {
  count = var.kargo ? 1 : 0

  name      = "dev"
  namespace = gitops_kargo_project.this[0].name

  requested_freight = [{
    origin  = { name = gitops_kargo_warehouse.this[0].name }
    sources = { direct = true }
  }]

  promotion_template = { steps = local.steps }
}

resource "gitops_kargo_stage" "prod" {
  count = var.kargo ? 1 : 0

  name      = "prod"
  namespace = gitops_kargo_project.this[0].name

  # Only what was verified in dev for an hour.
  requested_freight = [{
    origin = { name = gitops_kargo_warehouse.this[0].name }
    sources = {
      stages             = [gitops_kargo_stage.dev[0].name]
      required_soak_time = "1h"
    }
  }]

  promotion_template = { steps = local.steps }
}

locals {
  # Tells Argo CD to deploy the commit that is promoted. `$${{` is Kargo's `${{`.
  steps = [{
    uses = "argocd-update"
    config = {
      apps = [{
        name = "quickstart"
        sources = [{
          repoURL              = var.git_url
          desiredRevision      = "$${{ commitFrom('${var.git_url}').ID }}"
          updateTargetRevision = true
        }]
      }]
    }
  }]
}
