variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "cluster_name" {
  description = "Name of the EKS cluster that Argo CD runs in."
  type        = string
}

variable "git_url" {
  description = "URL of the Git repository that the team deploys from."
  type        = string
}

variable "git_username" {
  description = "User that Argo CD reads the repository as."
  type        = string
  default     = "argocd"
}

variable "git_password" {
  description = "Password or token of that user. It is kept nowhere."
  type        = string
  sensitive   = true
  ephemeral   = true
  default     = "none"
}

variable "chart_repository_url" {
  description = "URL of a repository of Helm charts."
  type        = string
}

variable "oidc_groups" {
  description = "Groups of the identity provider whose members may synchronise the team's applications."
  type        = list(string)
  default     = ["shop-developers"]
}
