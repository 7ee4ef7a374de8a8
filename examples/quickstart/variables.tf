variable "cluster_name" {
  description = "Name of an EKS cluster that uses access entries (authentication mode API or API_AND_CONFIG_MAP)."
  type        = string
}

variable "region" {
  description = "Region of the cluster."
  type        = string
}

variable "cluster_arn" {
  description = "ARN of the cluster."
  type        = string
}

variable "idc_instance_arn" {
  description = "ARN of the IAM Identity Center instance that people log in to Argo CD with."
  type        = string
  default     = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
}

variable "admin_group_id" {
  description = "Id of the Identity Center group whose members administer Argo CD."
  type        = string
  default     = "11111111-2222-3333-4444-555555555555"
}

variable "git_url" {
  description = "URL of the Git repository that holds the application."
  type        = string
  default     = "https://github.com/argoproj/argocd-example-apps.git"
}

variable "git_path" {
  description = "Folder of the application's manifests in the repository."
  type        = string
  default     = "guestbook"
}

variable "git_branch" {
  description = "Branch of the repository."
  type        = string
  default     = "HEAD"
}

variable "kargo" {
  description = "Also make a Kargo project with a pipeline. Needs Kargo, or at least its custom resource definitions, in the cluster."
  type        = bool
  default     = true
}
