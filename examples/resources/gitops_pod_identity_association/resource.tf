# The Kargo controller reads images from ECR.
resource "gitops_pod_identity_association" "kargo" {
  cluster_name    = "main"
  namespace       = "kargo"
  service_account = "kargo-controller"
  role_arn        = "arn:aws:iam::111122223333:role/main-kargo"
}
