variable "cluster_name" {
  description = "Name of an EKS cluster that uses access entries and has the EKS Pod Identity Agent."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}
