# The role that Argo CD acts with when Amazon EKS runs it.
resource "gitops_iam_role" "argocd" {
  name = "main-argocd"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "capabilities.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
    }]
  })

  # Charts and images of the account's own registry need no further credentials.
  managed_policy_arns = ["arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"]

  inline_policies = {
    connections = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["codeconnections:UseConnection", "codeconnections:GetConnection"]
        Resource = "*"
      }]
    })
  }
}
