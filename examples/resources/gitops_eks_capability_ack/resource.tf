# What the controllers may do in AWS is what the role may do.
resource "gitops_iam_role" "ack" {
  name               = "main-ack"
  assume_role_policy = provider::gitops::capability_trust_policy()

  managed_policy_arns = ["arn:aws:iam::aws:policy/AmazonS3FullAccess"]
}

resource "gitops_eks_capability_ack" "main" {
  cluster_name = "main"
  role_arn     = gitops_iam_role.ack.arn

  # A bucket may name a key that is in another namespace.
  enable_cross_namespace = true

  # Networks and users are managed by other means.
  disabled_services = ["ec2", "iam"]
}
