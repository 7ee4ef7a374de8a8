variable "name" {
  description = "Name of the Kargo project and of its warehouse; it begins the names of the applications."
  type        = string
}

variable "description" {
  description = "What the pipeline is for; shown by Kargo."
  type        = string
  default     = null
}

variable "environments" {
  description = <<-EOT
    The environments, in the order in which freight goes through them. Each has its `name`, the
    `server` that its application is deployed to (on Amazon EKS the ARN of the cluster) and optionally
    the `namespace` there (`NAME-ENVIRONMENT` when not set), how long freight has to `soak` in the
    environments before it, as in `24h`, and which these are (`after`; the one before it in the list
    when not set).
  EOT
  type = list(object({
    name      = string
    server    = string
    namespace = optional(string)
    soak      = optional(string)
    after     = optional(list(string))
  }))

  validation {
    condition     = length(var.environments) > 0
    error_message = "A pipeline has at least one environment."
  }
}

variable "images" {
  description = "The repositories of the images, and which of their versions are taken."
  type = list(object({
    repo_url   = string
    constraint = optional(string)
  }))
  default = []
}

variable "git" {
  description = <<-EOT
    The Git repository: of its folder `base`, a Kustomization, a new commit makes new freight; below
    its folder `environments`, each environment has a folder of its own with a Kustomization over
    `./base`, which promotions write.
  EOT
  type = object({
    repo_url     = string
    branch       = optional(string, "main")
    base         = optional(string, "base")
    environments = optional(string, "env")
  })
}

variable "git_username" {
  description = "User name for the repository; without it, Kargo takes credentials that it has."
  type        = string
  default     = null
}

variable "git_password" {
  description = "Password or token for the repository. It is in no state."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "git_password_version" {
  description = "Another number has the password written anew."
  type        = number
  default     = 1
}

variable "auto_promote_first" {
  description = "Whether new freight is promoted to the first environment by itself."
  type        = bool
  default     = true
}

variable "argocd_namespace" {
  description = "Namespace of the applications."
  type        = string
  default     = "argocd"
}

variable "argocd_project" {
  description = "Argo CD's project of the applications."
  type        = string
  default     = "default"
}
