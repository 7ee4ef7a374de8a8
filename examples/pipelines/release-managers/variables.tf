variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "cluster_name" {
  description = "Name of the EKS cluster that Kargo runs in."
  type        = string
}

variable "project" {
  description = "Name of the Kargo project, which begins the names of the applications as well."
  type        = string
  default     = "shop"
}

variable "developers" {
  description = "Group of the identity provider whose members promote to dev."
  type        = string
  default     = "shop-developers"
}

variable "release_managers" {
  description = "Group of the identity provider whose members promote to production."
  type        = string
  default     = "shop-release-managers"
}

variable "image" {
  description = "Repository of the image."
  type        = string
  default     = "ghcr.io/example/shop"
}

variable "git_url" {
  description = "Repository that Argo CD deploys."
  type        = string
  default     = "https://github.com/example/shop-config.git"
}
