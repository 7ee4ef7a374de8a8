variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "cluster_name" {
  description = "Name of the EKS cluster that Kargo and Argo CD run in."
  type        = string
}

variable "cluster_arn" {
  description = "ARN of the cluster that is deployed to."
  type        = string
}

variable "argocd_namespace" {
  description = "Namespace of Argo CD's applications."
  type        = string
  default     = "argocd"
}

variable "project" {
  description = "Name of the Kargo project, which begins the names of the applications as well."
  type        = string
  default     = "shop"
}

variable "image" {
  description = "Repository of the image."
  type        = string
  default     = "ghcr.io/example/shop"
}

variable "git_url" {
  description = "Repository of the configuration, which promotions are written to as well."
  type        = string
  default     = "https://github.com/example/shop-config.git"
}
