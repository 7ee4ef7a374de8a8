variable "region" {
  description = "Region of the cluster and of the CodeCommit repository."
  type        = string
}

variable "cluster_name" {
  description = "Name of the EKS cluster that Kargo runs in."
  type        = string
}

variable "project" {
  description = "Name of the Kargo project."
  type        = string
  default     = "shop"
}

variable "repository" {
  description = "The CodeCommit repository that is written to."
  type        = string
  default     = "shop-config"
}

variable "codecommit_username" {
  description = "User name of an IAM user's Git credentials for CodeCommit."
  type        = string
  default     = "kargo-at-123456789012"
}

variable "codecommit_password" {
  description = "Password of these credentials."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "github_owner" {
  description = "The organisation on GitHub."
  type        = string
  default     = "example"
}

variable "github_app_client_id" {
  description = "Client id of the GitHub App."
  type        = string
  default     = "Iv23liexample"
}

variable "github_app_installation_id" {
  description = "Id of the installation of the GitHub App in the organisation."
  type        = number
  default     = 12345678
}

variable "github_app_private_key" {
  description = "Private key of the GitHub App, PEM."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "secrets_version" {
  description = "Another number has the secrets written anew."
  type        = number
  default     = 1
}
