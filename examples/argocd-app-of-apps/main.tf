# Where infrastructure code ends and GitOps begins: one application, made here, deploys all others out
# of Git. It is a chart, so that what only this configuration knows can be handed to them.

provider "gitops" {
  region  = var.region
  argo_cd = "self_managed"
  cluster = { name = var.cluster_name }
}

# Made once. What Git says of it from then on is no difference here, and a destroy deletes it with
# everything that it has deployed.
resource "gitops_application" "root" {
  name       = "root"
  management = "bootstrap"

  source = {
    repo_url        = var.git_url
    path            = "applications"
    target_revision = "main"

    helm = {
      values_object = jsonencode({
        repository = var.git_url
        cluster    = { name = var.cluster_name, region = var.region }
      })
    }
  }

  destination = { server = "https://kubernetes.default.svc", namespace = "argocd" }
  sync_policy = { automated = { prune = true, self_heal = true } }

  wait = {}
}
