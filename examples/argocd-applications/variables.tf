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

variable "chart_repository_url" {
  description = "URL of a repository of Helm charts that has the chart of repository/chart."
  type        = string
}

variable "image_tag" {
  description = "Tag of the image that the overlay is deployed with."
  type        = string
  default     = "1.27"
}
