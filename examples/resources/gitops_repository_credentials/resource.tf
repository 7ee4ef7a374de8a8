# For every repository of the team that has no credentials of its own.
resource "gitops_repository_credentials" "shop" {
  name = "git-example-com"
  url  = "https://git.example.com/team"

  username            = "argocd"
  password_wo         = var.git_token
  password_wo_version = 1
}

variable "git_token" {
  description = "Token that may read the repositories."
  type        = string
  ephemeral   = true
}

# The EKS capability reads the credentials from AWS Secrets Manager itself.
resource "gitops_repository_credentials" "charts" {
  name       = "charts"
  url        = "registry.example.com/charts"
  type       = "helm"
  enable_oci = true
  secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:argocd/charts-AbCdEf"
}

# The same for manifests in an OCI registry.
resource "gitops_repository_credentials" "artifacts" {
  name       = "artifacts"
  url        = "oci://registry.example.com/manifests"
  type       = "oci"
  secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:argocd/artifacts-AbCdEf"
}

# With the workload identity that Argo CD runs with on Azure.
resource "gitops_repository_credentials" "azure" {
  name = "azure"
  url  = "https://dev.azure.com/example"

  use_azure_workload_identity = true
}

# A server that is reached by a proxy.
resource "gitops_repository_credentials" "behind_a_proxy" {
  name       = "behind-a-proxy"
  url        = "https://git.example.com"
  proxy      = "http://proxy.example.com:3128"
  secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:argocd/proxy-AbCdEf"
}

# Bitbucket Data Center takes access tokens.
resource "gitops_repository_credentials" "bitbucket" {
  name = "bitbucket"
  url  = "https://bitbucket.example.com/scm/shop"

  bearer_token_wo         = var.git_token
  bearer_token_wo_version = 1
}

# Charts of a repository that asks for a password.
resource "gitops_repository_credentials" "internal_charts" {
  name = "internal-charts"
  url  = "https://charts.example.com"
  type = "helm"

  username            = "argocd"
  password_wo         = var.git_token
  password_wo_version = 1
}
