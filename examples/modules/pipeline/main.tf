# A delivery pipeline: what is found in the image and Git sources goes through the environments, one
# after the other, to an Argo CD application in each. The last environment is the careful one: only the
# first promotes by itself.

locals {
  names = var.environments[*].name

  # Each environment takes what was verified in the one before it, unless it says otherwise.
  sources = {
    for at, environment in var.environments : environment.name => {
      direct             = at == 0 && environment.after == null ? true : null
      stages             = environment.after != null ? environment.after : at == 0 ? null : [local.names[at - 1]]
      required_soak_time = environment.soak
    }
  }

  environments = { for environment in var.environments : environment.name => environment }

  # Fails at the plan when freight cannot come to an environment.
  graph = provider::gitops::promotion_graph([gitops_kargo_warehouse.this], gitops_kargo_stage.this)
}

resource "gitops_kargo_project" "this" {
  name        = var.name
  description = var.description
}

resource "gitops_kargo_project_config" "this" {
  namespace = gitops_kargo_project.this.name

  promotion_policies = [{
    stage_selector         = { name = local.names[0] }
    auto_promotion_enabled = var.auto_promote_first
  }]
}

# For the repository that promotions are written to, and that the warehouse looks into.
resource "gitops_kargo_credentials" "git" {
  count = var.git_username == null ? 0 : 1

  name      = "git"
  namespace = gitops_kargo_project.this.name
  type      = "git"

  repo_url            = var.git.repo_url
  username            = var.git_username
  password_wo         = var.git_password
  password_wo_version = var.git_password_version
}

resource "gitops_kargo_warehouse" "this" {
  name      = var.name
  namespace = gitops_kargo_project.this.name

  subscriptions = concat(
    [for image in var.images : {
      image = { repo_url = image.repo_url, constraint = image.constraint }
      git   = null
    }],
    # Only what is the same for all environments: promotions write to the others' folders.
    [{
      image = null
      git   = { repo_url = var.git.repo_url, branch = var.git.branch, include_paths = [var.git.base] }
    }],
  )

  depends_on = [gitops_kargo_credentials.git]
}

# Writes the images into the Kustomization of the environment, beside the base of the commit that is
# promoted, and has Argo CD deploy that.
resource "gitops_kargo_promotion_task" "this" {
  name      = "promote"
  namespace = gitops_kargo_project.this.name

  vars = [
    { name = "repo", value = var.git.repo_url },
    { name = "folder" },
    { name = "application" },
  ]

  steps = concat(
    [
      {
        uses = "git-clone"
        config = {
          repoURL = "$${{ vars.repo }}"
          checkout = [
            { commit = "$${{ commitFrom(vars.repo).ID }}", path = "./src" },
            { branch = var.git.branch, path = "./out" },
          ]
        }
      },
      {
        uses   = "copy"
        config = { inPath = "./src/${var.git.base}", outPath = "./out/$${{ vars.folder }}/base" }
      },
    ],
    length(var.images) == 0 ? [] : [{
      uses = "kustomize-set-image"
      config = {
        path   = "./out/$${{ vars.folder }}"
        images = [for image in var.images : { image = image.repo_url, tag = "$${{ imageFrom('${image.repo_url}').Tag }}" }]
      }
    }],
    [
      {
        uses = "git-commit"
        config = {
          path    = "./out"
          message = "$${{ ctx.stage }}: $${{ ctx.targetFreight.alias }}"
        }
      },
      {
        uses   = "git-push"
        as     = "push"
        config = { path = "./out" }
      },
      {
        uses = "argocd-update"
        config = {
          apps = [{
            name    = "$${{ vars.application }}"
            sources = [{ repoURL = "$${{ vars.repo }}", desiredRevision = "$${{ task.outputs.push.commit }}" }]
          }]
        }
      },
    ],
  )
}

resource "gitops_kargo_stage" "this" {
  for_each = local.environments

  name      = each.key
  namespace = gitops_kargo_project.this.name

  requested_freight = [{
    origin  = { name = gitops_kargo_warehouse.this.name }
    sources = local.sources[each.key]
  }]

  promotion_template = {
    steps = [{
      task = { name = gitops_kargo_promotion_task.this.name }
      vars = [
        { name = "folder", value = "${var.git.environments}/${each.key}" },
        { name = "application", value = "${var.name}-${each.key}" },
      ]
    }]
  }
}

resource "gitops_application" "this" {
  for_each = local.environments

  name      = "${var.name}-${each.key}"
  namespace = var.argocd_namespace
  project   = var.argocd_project

  source = {
    repo_url        = var.git.repo_url
    path            = "${var.git.environments}/${each.key}"
    target_revision = var.git.branch
  }

  destination = {
    server    = each.value.server
    namespace = coalesce(each.value.namespace, "${var.name}-${each.key}")
  }

  sync_policy = { sync_options = ["CreateNamespace=true"] }

  # Without this, the step argocd-update is refused.
  annotations = {
    "kargo.akuity.io/authorized-stage" = provider::gitops::authorized_stage(var.name, each.key)
  }
}
