# Argo CD reads manifests from repositories of AWS CodeCommit.
resource "gitops_iam_role" "argocd" {
  name               = "main-argocd"
  assume_role_policy = provider::gitops::capability_trust_policy()

  inline_policies = {
    manifests = provider::gitops::codecommit_pull_policy(
      "arn:aws:codecommit:eu-west-1:123456789012:manifests",
      "arn:aws:codecommit:eu-west-1:123456789012:shop-*",
    )
  }
}
