variable "region" {
  description = "Region of the ECR repository."
  type        = string
}

variable "repository" {
  description = "Repository on GitHub whose runs push images, as OWNER/REPOSITORY."
  type        = string
  default     = "example/shop"
}

variable "name" {
  description = "Begins the names of what is made."
  type        = string
  default     = "shop"
}
