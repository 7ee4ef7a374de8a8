# What a controller such as Karpenter needs of AWS before Argo CD deploys it: a role for its pods, by
# EKS Pod Identity, and a role for the nodes that it starts, which may join the cluster.

provider "gitops" {
  region = var.region
}

# For the one service account, whatever else is associated with the role later.
resource "gitops_iam_role" "controller" {
  name               = "${var.cluster_name}-karpenter"
  assume_role_policy = provider::gitops::pod_identity_trust_policy("kube-system:karpenter")

  inline_policies = {
    nodes = jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Effect   = "Allow"
          Action   = ["ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateTags", "ec2:TerminateInstances", "ec2:Describe*", "pricing:GetProducts", "ssm:GetParameter"]
          Resource = "*"
        },
        {
          Effect   = "Allow"
          Action   = "iam:PassRole"
          Resource = gitops_iam_role.node.arn
        },
      ]
    })
  }
}

resource "gitops_pod_identity_association" "controller" {
  cluster_name    = var.cluster_name
  namespace       = "kube-system"
  service_account = "karpenter"
  role_arn        = gitops_iam_role.controller.arn
}

resource "gitops_iam_role" "node" {
  name = "${var.cluster_name}-karpenter-node"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })

  managed_policy_arns = [
    "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
    "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
  ]
}

# Nodes of this role join the cluster.
resource "gitops_eks_access_entry" "node" {
  cluster_name  = var.cluster_name
  principal_arn = gitops_iam_role.node.arn
  type          = "EC2_LINUX"
}
