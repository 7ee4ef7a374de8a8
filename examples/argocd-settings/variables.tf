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

variable "chat_url" {
  description = "URL that takes messages for the team's chat, as JSON."
  type        = string
}

variable "chat_token" {
  description = "Token that the messages are sent with. It is kept nowhere."
  type        = string
  sensitive   = true
  ephemeral   = true
  default     = "none"
}
