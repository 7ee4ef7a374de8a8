# Argo CD reads manifests from GitHub by a connection, without a token that somebody has to keep.
resource "gitops_iam_role" "argocd" {
  name               = "main-argocd"
  assume_role_policy = provider::gitops::capability_trust_policy()

  inline_policies = {
    manifests = provider::gitops::codeconnections_use_policy(
      "arn:aws:codeconnections:eu-west-1:123456789012:connection/0123abcd-0123-0123-0123-0123456789ab",
    )
  }
}
