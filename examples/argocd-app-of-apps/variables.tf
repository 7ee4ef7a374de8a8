variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "cluster_name" {
  description = "Name of the EKS cluster that Argo CD runs in."
  type        = string
}

variable "git_url" {
  description = "URL of a Git repository with what is in the folder repository."
  type        = string
}
