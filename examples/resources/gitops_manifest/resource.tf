resource "gitops_manifest" "settings" {
  manifest = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata = {
      name      = "settings"
      namespace = "shop"
    }
    data = {
      "log.level" = "info"
    }
  }
}

# The apply ends when the new pods are there; who scales them later does not show in a plan.
resource "gitops_manifest" "web" {
  manifest = {
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata = {
      name      = "web"
      namespace = "shop"
      labels    = { "app.kubernetes.io/name" = "web" }
    }
    spec = {
      replicas = 2
      selector = { matchLabels = { "app.kubernetes.io/name" = "web" } }
      template = {
        metadata = { labels = { "app.kubernetes.io/name" = "web" } }
        spec = {
          containers = [{
            name      = "web"
            image     = "ghcr.io/example/web:1.4.0"
            resources = { requests = { cpu = "0.5", memory = "1Gi" } }
          }]
        }
      }
    }
  }

  ignore_fields = ["spec.replicas"]
  wait          = { rollout = true }
}

# A definition and an object of it, in one apply.
resource "gitops_manifest" "widgets" {
  manifest = {
    apiVersion = "apiextensions.k8s.io/v1"
    kind       = "CustomResourceDefinition"
    metadata   = { name = "widgets.example.com" }
    spec = {
      group = "example.com"
      scope = "Namespaced"
      names = { kind = "Widget", plural = "widgets" }
      versions = [{
        name    = "v1"
        served  = true
        storage = true
        schema = {
          openAPIV3Schema = {
            type = "object"
            properties = {
              spec = { type = "object", "x-kubernetes-preserve-unknown-fields" = true }
            }
          }
        }
      }]
    }
  }
}

resource "gitops_manifest" "widget" {
  manifest = {
    apiVersion = "example.com/v1"
    kind       = "Widget"
    metadata   = { name = "first", namespace = "shop" }
    spec       = { colour = "red" }
  }

  depends_on = [gitops_manifest.widgets]
}

variable "password" {
  type      = string
  ephemeral = true
}

# The password is kept neither in the state nor in a plan.
resource "gitops_manifest" "login" {
  manifest = {
    apiVersion = "v1"
    kind       = "Secret"
    metadata   = { name = "login", namespace = "shop" }
    stringData = { username = "shop" }
  }

  manifest_wo         = { stringData = { password = var.password } }
  manifest_wo_version = 1
}

# The load balancer's name, for whoever needs it.
resource "gitops_manifest" "entrance" {
  manifest = {
    apiVersion = "v1"
    kind       = "Service"
    metadata   = { name = "entrance", namespace = "shop" }
    spec = {
      type     = "LoadBalancer"
      selector = { "app.kubernetes.io/name" = "web" }
      ports    = [{ port = 443, targetPort = 8443 }]
    }
  }

  wait        = { fields = [{ path = "status.loadBalancer.ingress[0].hostname" }] }
  read_fields = ["status.loadBalancer.ingress[0].hostname"]
}
