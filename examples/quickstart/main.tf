# From an EKS cluster to a synced Argo CD application, in one apply.

provider "gitops" {
  region  = var.region
  cluster = { name = var.cluster_name }

  default_tags {
    tags = { "managed-by" = "quickstart" }
  }
}

# The role that Argo CD acts with.
resource "gitops_iam_role" "argocd" {
  name = "${var.cluster_name}-argocd"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "capabilities.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
    }]
  })
}

# Amazon EKS runs Argo CD for the cluster. The apply waits until it is there.
resource "gitops_eks_capability_argocd" "this" {
  cluster_name = var.cluster_name
  role_arn     = gitops_iam_role.argocd.arn
  namespace    = "argocd"

  aws_idc = { idc_instance_arn = var.idc_instance_arn }

  rbac_role_mappings = [{
    role       = "ADMIN"
    identities = [{ id = var.admin_group_id, type = "SSO_GROUP" }]
  }]
}

# What Argo CD may do in the cluster. EKS makes the entry with the capability; this adds to it.
resource "gitops_eks_access_entry" "argocd" {
  cluster_name  = var.cluster_name
  principal_arn = gitops_iam_role.argocd.arn

  policy_associations = [{ policy_arn = "AmazonEKSClusterAdminPolicy" }]

  depends_on = [gitops_eks_capability_argocd.this]
}

# Tells Argo CD of the cluster that it deploys to: here, its own.
resource "gitops_cluster" "this" {
  name      = "in-cluster"
  namespace = gitops_eks_capability_argocd.this.namespace
  server    = var.cluster_arn

  labels = { environment = "quickstart" }

  depends_on = [gitops_eks_access_entry.argocd]
}

# What applications may deploy, from where and to where.
resource "gitops_app_project" "this" {
  name        = "quickstart"
  namespace   = gitops_eks_capability_argocd.this.namespace
  description = "Applications of the quickstart"

  source_repos      = [var.git_url]
  source_namespaces = [gitops_eks_capability_argocd.this.namespace]
  destinations      = [{ server = var.cluster_arn, namespace = "quickstart*" }]

  cluster_resource_whitelist = [{ group = "", kind = "Namespace" }]
}

# The application. The apply ends when it is synced and healthy.
resource "gitops_application" "this" {
  name      = "quickstart"
  namespace = gitops_eks_capability_argocd.this.namespace
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
