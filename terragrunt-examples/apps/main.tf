variable "argocd_namespace" {
  description = "Namespace that Argo CD's objects live in."
  type        = string
}

variable "cluster_arn" {
  description = "ARN of the cluster to deploy to."
  type        = string
}

variable "git_url" {
  description = "URL of the Git repository that holds the application."
  type        = string
}

variable "git_path" {
  description = "Folder of the application's manifests in the repository."
  type        = string
}

variable "git_branch" {
  description = "Branch of the repository."
  type        = string
}

resource "gitops_cluster" "this" {
  name      = "in-cluster"
  namespace = var.argocd_namespace
  server    = var.cluster_arn
}

resource "gitops_app_project" "this" {
  name        = "quickstart"
  namespace   = var.argocd_namespace
  description = "Applications of the terragrunt example"

  source_repos      = [var.git_url]
  source_namespaces = [var.argocd_namespace]
  destinations      = [{ server = var.cluster_arn, namespace = "quickstart*" }]

  cluster_resource_whitelist = [{ group = "", kind = "Namespace" }]
}

resource "gitops_application" "this" {
  name      = "quickstart"
  namespace = var.argocd_namespace
  project   = gitops_app_project.this.name

  source = {
    repo_url        = var.git_url
    path            = var.git_path
    target_revision = var.git_branch
  }

  destination = {
    server    = gitops_cluster.this.server
    namespace = "quickstart"
  }

  sync_policy = {
    automated    = { prune = true, self_heal = true }
    sync_options = ["CreateNamespace=true"]
  }

  wait = {}
}
