# A new image, by its version, and a new commit of the configuration make freight. It goes to test by
# itself, and to production when somebody promotes it; one task does it for both.

provider "gitops" {
  region  = var.region
  cluster = { name = var.cluster_name }
}

resource "gitops_kargo_project" "this" {
  name        = var.project
  description = "The shop, from its images and its configuration to production"
}

resource "gitops_kargo_project_config" "this" {
  namespace = gitops_kargo_project.this.name

  promotion_policies = [{
    stage_selector         = { name = "test" }
    auto_promotion_enabled = true
  }]
}

resource "gitops_kargo_warehouse" "this" {
  name      = "shop"
  namespace = gitops_kargo_project.this.name

  subscriptions = [
    # The highest version of the first major one.
    { image = { repo_url = var.image, constraint = "^1.0.0" } },
    # The newest commit. Promotions write below env/, which makes no freight anew.
    { git = { repo_url = var.git_url, branch = "main", include_paths = ["base"] } },
  ]
}

# What a promotion does, whatever the stage. `$${{` is Kargo's `${{`.
resource "gitops_kargo_promotion_task" "promote" {
  name      = "promote"
  namespace = gitops_kargo_project.this.name

  vars = [
    { name = "repo", value = var.git_url },
    { name = "image", value = var.image },
    # Where the stage keeps the tag of its image; empty where it does not.
    { name = "values", value = "" },
    # Without a value: each stage gives one.
    { name = "application" },
  ]

  steps = [
    {
      # The commit that is promoted, and the branch that it is written to.
      uses = "git-clone"
      config = {
        repoURL = "$${{ vars.repo }}"
        checkout = [
          { commit = "$${{ commitFrom(vars.repo).ID }}", path = "./src" },
          { branch = "main", path = "./out" },
        ]
      }
    },
    {
      uses = "yaml-update"
      as   = "image"
      if   = "$${{ vars.values != '' }}"
      config = {
        path    = "./out/$${{ vars.values }}"
        updates = [{ key = "image.tag", value = "$${{ imageFrom(vars.image).Tag }}" }]
      }
    },
    {
      uses   = "copy"
      config = { inPath = "./src/base", outPath = "./out/env/$${{ ctx.stage }}/base" }
    },
    {
      uses = "git-commit"
      config = {
        path    = "./out"
        message = "$${{ ctx.stage }}: $${{ imageFrom(vars.image).Tag }} with $${{ commitFrom(vars.repo).ID }}"
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
  ]
}

resource "gitops_kargo_stage" "this" {
  for_each = {
    test       = { direct = true }
    production = { stages = ["test"] }
  }

  name      = each.key
  namespace = gitops_kargo_project.this.name

  requested_freight = [{
    origin  = { name = gitops_kargo_warehouse.this.name }
    sources = each.value
  }]

  promotion_template = {
    steps = [{
      task = { name = gitops_kargo_promotion_task.promote.name }
      vars = [
        { name = "application", value = "${var.project}-${each.key}" },
        { name = "values", value = "env/${each.key}/values.yaml" },
      ]
    }]
  }
}

resource "gitops_application" "this" {
  for_each = gitops_kargo_stage.this

  name      = "${var.project}-${each.key}"
  namespace = var.argocd_namespace

  source      = { repo_url = var.git_url, path = "env/${each.key}", target_revision = "main" }
  destination = { server = var.cluster_arn, namespace = "${var.project}-${each.key}" }
  sync_policy = { sync_options = ["CreateNamespace=true"] }

  # Without this, the step argocd-update is refused.
  annotations = {
    "kargo.akuity.io/authorized-stage" = provider::gitops::authorized_stage(var.project, each.key)
  }
}
