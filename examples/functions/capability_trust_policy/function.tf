# The role that Argo CD acts with when Amazon EKS runs it.
resource "gitops_iam_role" "argocd" {
  name               = "main-argocd"
  assume_role_policy = provider::gitops::capability_trust_policy()
}
