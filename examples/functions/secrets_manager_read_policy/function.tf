# Argo CD takes the credentials of repositories from secrets that a key of the account encrypts.
resource "gitops_iam_role" "argocd" {
  name               = "main-argocd"
  assume_role_policy = provider::gitops::capability_trust_policy()

  inline_policies = {
    credentials = provider::gitops::secrets_manager_read_policy(
      "arn:aws:secretsmanager:eu-west-1:123456789012:secret:argocd/*",
      "arn:aws:kms:eu-west-1:123456789012:key/0123abcd-0123-0123-0123-0123456789ab",
    )
  }
}
