variable "region" {
  description = "Region of both clusters."
  type        = string
}

variable "hub_cluster_name" {
  description = "Name of the cluster whose EKS capability runs Argo CD."
  type        = string
}

variable "hub_role_arn" {
  description = "ARN of a role with an access entry in the hub, to make projects with."
  type        = string
}

variable "argocd_role_arn" {
  description = "ARN of the role that the hub's capability acts with."
  type        = string
}

variable "spoke_cluster_name" {
  description = "Name of the cluster that is handed over."
  type        = string
}

variable "spoke_cluster_arn" {
  description = "ARN of the cluster that is handed over."
  type        = string
}

variable "spoke_deployer_role_arn" {
  description = "ARN of the role of the spoke's account that may make access entries there."
  type        = string
}

variable "namespace" {
  description = "Namespace of the hub that Argo CD works in."
  type        = string
  default     = "argocd"
}

variable "source_repos" {
  description = "Repositories that the spoke's applications come from."
  type        = list(string)
  default     = ["https://github.com/argoproj/argocd-example-apps.git"]
}
