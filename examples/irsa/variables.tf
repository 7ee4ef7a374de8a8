variable "cluster_name" {
  description = "Name of the EKS cluster."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "name" {
  description = "Namespace of the service account \"api\", which also begins the names of what is made."
  type        = string
  default     = "shop"
}
