# A pipeline that reads its code from GitHub and writes its configuration to AWS CodeCommit, with
# credentials for both. Neither is in the state or a plan: they are given to each run anew.

provider "gitops" {
  region  = var.region
  cluster = { name = var.cluster_name }
}

locals {
  codecommit = "https://git-codecommit.${var.region}.amazonaws.com/v1/repos"
}

resource "gitops_kargo_project" "this" {
  name = var.project
}

# Kargo logs in to CodeCommit by user name and password: those of an IAM user for Git over HTTPS. Its
# role would do for images of ECR, and not for Git.
resource "gitops_kargo_credentials" "codecommit" {
  name      = "codecommit"
  namespace = gitops_kargo_project.this.name
  type      = "git"

  repo_url            = "${local.codecommit}/${var.repository}"
  username            = var.codecommit_username
  password_wo         = var.codecommit_password
  password_wo_version = var.secrets_version
}

# A GitHub App, for all repositories of the organisation.
resource "gitops_kargo_credentials" "github" {
  name      = "github"
  namespace = gitops_kargo_project.this.name
  type      = "git"

  repo_url                          = "^https://github\\.com/${var.github_owner}/"
  repo_url_is_regex                 = true
  github_app_client_id              = var.github_app_client_id
  github_app_installation_id        = var.github_app_installation_id
  github_app_private_key_wo         = var.github_app_private_key
  github_app_private_key_wo_version = var.secrets_version
}

resource "gitops_kargo_warehouse" "this" {
  name      = "shop"
  namespace = gitops_kargo_project.this.name

  subscriptions = [{
    git = { repo_url = "https://github.com/${var.github_owner}/shop.git", branch = "main" }
  }]

  # Its first look succeeds when it may log in by then.
  depends_on = [gitops_kargo_credentials.github]
}

resource "gitops_kargo_stage" "dev" {
  name      = "dev"
  namespace = gitops_kargo_project.this.name

  requested_freight = [{
    origin  = { name = gitops_kargo_warehouse.this.name }
    sources = { direct = true }
  }]

  promotion_template = {
    vars = [
      { name = "source", value = "https://github.com/${var.github_owner}/shop.git" },
      { name = "target", value = "${local.codecommit}/${var.repository}" },
    ]
    steps = [
      {
        uses = "git-clone"
        config = {
          repoURL  = "$${{ vars.source }}"
          checkout = [{ commit = "$${{ commitFrom(vars.source).ID }}", path = "./src" }]
        }
      },
      {
        uses = "git-clone"
        config = {
          repoURL  = "$${{ vars.target }}"
          checkout = [{ branch = "main", path = "./out" }]
        }
      },
      {
        uses   = "copy"
        config = { inPath = "./src/deploy", outPath = "./out/dev" }
      },
      {
        uses   = "git-commit"
        config = { path = "./out", message = "dev: $${{ commitFrom(vars.source).ID }}" }
      },
      {
        uses   = "git-push"
        config = { path = "./out" }
      },
    ]
  }

  depends_on = [gitops_kargo_credentials.codecommit]
}
