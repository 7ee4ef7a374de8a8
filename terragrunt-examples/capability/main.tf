variable "cluster_name" {
  description = "Name of the EKS cluster."
  type        = string
}

variable "idc_instance_arn" {
  description = "ARN of the IAM Identity Center instance."
  type        = string
}

variable "admin_group_id" {
  description = "Id of the Identity Center group that administers Argo CD."
  type        = string
}

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

resource "gitops_eks_access_entry" "argocd" {
  cluster_name  = var.cluster_name
  principal_arn = gitops_iam_role.argocd.arn

  policy_associations = [{ policy_arn = "AmazonEKSClusterAdminPolicy" }]

  depends_on = [gitops_eks_capability_argocd.this]
}

output "namespace" {
  description = "Namespace that Argo CD's objects live in."
  value       = gitops_eks_capability_argocd.this.namespace
}

output "server_url" {
  description = "Where people log in to Argo CD."
  value       = gitops_eks_capability_argocd.this.server_url
}
