# The same guestbook from every kind of source: plain manifests, a Helm chart out of Git and out of a
# repository of charts, and a Kustomize overlay. The folder repository is what is in Git.

provider "gitops" {
  region  = var.region
  argo_cd = "self_managed"
  cluster = { name = var.cluster_name }
}

locals {
  server = "https://kubernetes.default.svc"
}

# Plain manifests, kept in step by Argo CD: what Git no longer has is removed, what somebody changes
# is put back, and what fails is tried again. Its finalizer makes a deletion, here or by kubectl, wait
# until everything that it has deployed is gone.
resource "gitops_application" "plain" {
  name    = "guestbook-plain"
  cascade = "foreground"

  source      = { repo_url = var.git_url, path = "plain", target_revision = "main" }
  destination = { server = local.server, namespace = "guestbook-plain" }

  sync_policy = {
    automated    = { prune = true, self_heal = true }
    sync_options = ["CreateNamespace=true", "PruneLast=true"]

    managed_namespace_metadata = { labels = { team = "web" } }

    retry = {
      limit   = 5
      backoff = { duration = "5s", factor = 2, max_duration = "3m" }
    }
  }

  info = [{ name = "Runbook", value = "https://wiki.example.com/guestbook" }]
  wait = {}
}

# A chart out of Git: values of a file beside it, values of this configuration on top, and single
# parameters over both.
resource "gitops_application" "helm_from_git" {
  name = "guestbook-helm-git"

  source = {
    repo_url        = var.git_url
    path            = "chart"
    target_revision = "main"

    helm = {
      release_name  = "guestbook"
      value_files   = ["values-production.yaml"]
      values_object = jsonencode({ service = { port = 8080 } })
      parameters    = [{ name = "motto", value = "true", force_string = true }]
    }
  }

  destination = { server = local.server, namespace = "guestbook-helm-git" }

  sync_policy = {
    automated    = { prune = true, self_heal = true }
    sync_options = ["CreateNamespace=true"]
  }

  wait = {}
}

# The chart out of a repository of charts, with a file of values out of Git.
resource "gitops_application" "helm_from_repository" {
  name = "guestbook-helm"

  sources = [
    {
      repo_url        = var.chart_repository_url
      chart           = "guestbook"
      target_revision = "1.x"

      helm = {
        value_files = ["$values/chart/values-production.yaml"]
        values      = "motto: out of the configuration\n"
      }
    },
    { repo_url = var.git_url, target_revision = "main", ref = "values" },
  ]

  destination = { server = local.server, namespace = "guestbook-helm" }

  sync_policy = {
    automated    = { prune = true, self_heal = true }
    sync_options = ["CreateNamespace=true"]
  }

  wait = {}
}

# A Kustomize overlay, with the image and some labels of this configuration.
resource "gitops_application" "kustomize" {
  name = "guestbook-kustomize"

  source = {
    repo_url        = var.git_url
    path            = "overlays/production"
    target_revision = "main"

    kustomize = {
      name_prefix   = "web-"
      images        = ["nginx=public.ecr.aws/nginx/nginx:${var.image_tag}"]
      common_labels = { environment = "production" }
    }
  }

  destination = { server = local.server, namespace = "guestbook-kustomize" }

  sync_policy = {
    automated    = { prune = true, self_heal = true }
    sync_options = ["CreateNamespace=true"]
  }

  wait = {}
}
