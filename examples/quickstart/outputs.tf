output "argocd_url" {
  description = "Where people log in to Argo CD."
  value       = gitops_eks_capability_argocd.this.server_url
}
