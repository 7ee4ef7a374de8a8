output "role_to_assume" {
  description = "For aws-actions/configure-aws-credentials."
  value       = gitops_iam_role.release.arn
}

output "repository_url" {
  description = "What images are pushed to."
  value       = gitops_ecr_repository.api.repository_url
}
