output "order" {
  description = "The environments in the order in which freight comes to them."
  value       = local.graph.order
}

output "mermaid" {
  description = "The pipeline as a flowchart of Mermaid, for documentation."
  value       = local.graph.mermaid
}

output "applications" {
  description = "The name of the application in each environment."
  value       = { for name, application in gitops_application.this : name => application.name }
}
