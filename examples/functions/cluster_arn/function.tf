# A cluster of another account, as Argo CD on Amazon EKS names it.
resource "gitops_cluster" "workloads" {
  name      = "workloads"
  namespace = "argocd"
  server    = provider::gitops::cluster_arn("eu-central-1", "210987654321", "workloads")
}
