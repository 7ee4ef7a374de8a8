variable "region" {
  description = "Region of the cluster and of the repository."
  type        = string
}

variable "cluster_name" {
  description = "Name of the EKS cluster that Kargo runs in."
  type        = string
}

variable "account_id" {
  description = "The account of the roles."
  type        = string
}

variable "kargo_namespace" {
  description = "Namespace that Kargo runs in."
  type        = string
  default     = "kargo"
}

variable "project" {
  description = "Name of the Kargo project."
  type        = string
  default     = "shop"
}
