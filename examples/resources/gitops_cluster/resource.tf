# For the Argo CD that Amazon EKS runs: by ARN, and without a login of its own.
resource "gitops_cluster" "main" {
  name    = "main"
  server  = "arn:aws:eks:eu-west-1:111122223333:cluster/main"
  project = "default"

  # What the cluster generator of an ApplicationSet selects by.
  labels = { environment = "production" }
}

variable "edge_token" {
  description = "Token of the service account that Argo CD deploys with at the edge."
  type        = string
  ephemeral   = true
}

variable "edge_ca_certificate" {
  description = "Certificate of the authority at the edge, PEM."
  type        = string
}

# For an Argo CD of your own: by URL, with a token that is stored neither in the state nor in the plan.
resource "gitops_cluster" "edge" {
  argo_cd = "self_managed"
  name    = "edge"
  server  = "https://edge.example.com:6443"

  config = {
    bearer_token_wo         = var.edge_token
    bearer_token_wo_version = 1

    tls_client_config = { ca_data = var.edge_ca_certificate }
  }
}
