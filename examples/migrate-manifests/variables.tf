variable "cluster_name" {
  description = "Name of an EKS cluster that lets the run in by an access entry."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}
