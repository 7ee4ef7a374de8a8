# Kargo takes a role of its own for each project that has one.
resource "gitops_iam_role" "kargo" {
  name               = "main-kargo"
  assume_role_policy = provider::gitops::pod_identity_trust_policy("kargo:kargo-controller")

  inline_policies = {
    projects = provider::gitops::role_assume_policy("arn:aws:iam::123456789012:role/kargo-project-*")
  }
}
