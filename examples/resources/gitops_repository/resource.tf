# With a token that is stored neither in the state nor in the plan.
resource "gitops_repository" "shop" {
  name    = "shop"
  url     = "https://git.example.com/team/shop.git"
  project = "shop"

  username            = "argocd"
  password_wo         = var.git_token
  password_wo_version = 1
}

variable "git_token" {
  description = "Token that may read the repository."
  type        = string
  ephemeral   = true
}

# The EKS capability reads the credentials from AWS Secrets Manager itself: nobody has to pass them on.
resource "gitops_repository" "infrastructure" {
  name       = "infrastructure"
  url        = "https://git.example.com/team/infrastructure.git"
  secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:argocd/git-AbCdEf"
}

# Charts in an OCI registry: a host and a path, without a scheme.
resource "gitops_repository" "charts" {
  name            = "charts"
  url             = "registry.example.com/charts"
  type            = "helm"
  repository_name = "charts"
  enable_oci      = true

  username            = "argocd"
  password_wo         = var.git_token
  password_wo_version = 1
}

# A GitHub App. Argo CD finds out the id of its installation.
resource "gitops_repository" "app" {
  name = "app"
  url  = "https://github.com/example/app.git"

  github_app_id                     = 123456
  github_app_private_key_wo         = var.github_app_private_key
  github_app_private_key_wo_version = 1
}

variable "github_app_private_key" {
  description = "Private key of the GitHub App, PEM."
  type        = string
  ephemeral   = true
}

# Charts that anyone may read: the name is what other charts refer to them by.
resource "gitops_repository" "public_charts" {
  name            = "public-charts"
  url             = "https://charts.example.com"
  type            = "helm"
  repository_name = "public-charts"
}

# A large repository: only the newest commit is fetched.
resource "gitops_repository" "large" {
  name  = "large"
  url   = "https://git.example.com/team/large.git"
  depth = 1
}

# Manifests in an OCI registry.
resource "gitops_repository" "manifests" {
  name = "manifests"
  url  = "oci://registry.example.com/manifests/shop"
  type = "oci"
}

# A repository that is reached by a proxy.
resource "gitops_repository" "behind_a_proxy" {
  name  = "behind-a-proxy"
  url   = "https://git.example.org/shop.git"
  proxy = "http://proxy.example.com:3128"
}
