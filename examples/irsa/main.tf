# Pods of a service account read from ECR with a role of their own, by the cluster's OIDC issuer
# (IRSA): for clusters and pods that cannot have EKS Pod Identity, such as those on Fargate.

provider "gitops" {
  region = var.region
}

data "gitops_eks_cluster" "this" {
  name = var.cluster_name
}

# One for each cluster. Where another configuration has made it, its ARN is
# data.gitops_eks_cluster.this.oidc_provider_arn.
resource "gitops_iam_openid_connect_provider" "cluster" {
  url            = data.gitops_eks_cluster.this.identity.oidc.issuer
  client_id_list = ["sts.amazonaws.com"]
}

resource "gitops_ecr_repository" "api" {
  name = "${var.name}/api"
}

# Nobody else gets the role: no other service account, and no other cluster.
resource "gitops_iam_role" "api" {
  name = "${var.name}-api"

  assume_role_policy = provider::gitops::irsa_trust_policy(
    gitops_iam_openid_connect_provider.cluster.arn,
    "${var.name}:api",
  )

  inline_policies = {
    images = provider::gitops::ecr_read_policy(gitops_ecr_repository.api.arn)
  }
}
