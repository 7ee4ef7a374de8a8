variable "region" {
  description = "Region of the cluster."
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

variable "services" {
  description = "The services: each has its folder in the repository, and its image."
  type        = set(string)
  default     = ["api", "web", "worker"]
}

variable "registry" {
  description = "Where the images of the services are."
  type        = string
  default     = "ghcr.io/example"
}

variable "git_url" {
  description = "The repository of all services."
  type        = string
  default     = "https://github.com/example/shop.git"
}
