# Kargo reads images of Amazon ECR without keys: its controller has a role by EKS Pod Identity, and with
# that it takes, for each project, a role of the project's own, which may read what that project may.

provider "gitops" {
  region  = var.region
  cluster = { name = var.cluster_name }
}

resource "gitops_ecr_repository" "shop" {
  name                 = "${var.project}/api"
  image_tag_mutability = "IMMUTABLE"
}

# The controller's role may become those of projects, and nothing else.
resource "gitops_iam_role" "controller" {
  name               = "${var.project}-kargo-controller"
  assume_role_policy = provider::gitops::pod_identity_trust_policy("${var.kargo_namespace}:kargo-controller")

  inline_policies = {
    projects = provider::gitops::role_assume_policy("arn:aws:iam::${var.account_id}:role/kargo-project-*")
  }
}

resource "gitops_pod_identity_association" "controller" {
  cluster_name    = var.cluster_name
  namespace       = var.kargo_namespace
  service_account = "kargo-controller"
  role_arn        = gitops_iam_role.controller.arn
}

# Kargo finds it by this name.
resource "gitops_iam_role" "project" {
  name               = "kargo-project-${var.project}"
  assume_role_policy = provider::gitops::role_trust_policy(gitops_iam_role.controller.arn)

  inline_policies = {
    images = provider::gitops::ecr_read_policy(gitops_ecr_repository.shop.arn)
  }
}

resource "gitops_kargo_project" "this" {
  name = var.project
}

# No credentials of type `image`: where there are none, Kargo takes the project's role.
resource "gitops_kargo_warehouse" "this" {
  name      = "api"
  namespace = gitops_kargo_project.this.name

  subscriptions = [{ image = { repo_url = gitops_ecr_repository.shop.repository_url, constraint = "^1.0.0" } }]

  depends_on = [gitops_iam_role.project, gitops_pod_identity_association.controller]
}
