data "gitops_eks_capabilities" "main" {
  cluster_name = "main"
}

# By type: { ARGOCD = "ACTIVE", KRO = "DEGRADED" }.
output "capabilities" {
  value = { for one in data.gitops_eks_capabilities.main.capabilities : one.type => one.status }
}
