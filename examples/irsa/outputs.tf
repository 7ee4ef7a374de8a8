output "annotation" {
  description = "What the service account has to be annotated with."
  value       = { "eks.amazonaws.com/role-arn" = gitops_iam_role.api.arn }
}
