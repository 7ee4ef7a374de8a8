# A kind of one's own: a web application is a Deployment and, where it is asked for, a Service.
resource "gitops_kro_resource_graph_definition" "web_application" {
  name = "webapplication"

  schema = {
    api_version = "v1alpha1"
    kind        = "WebApplication"

    spec = {
      name     = "string | required=true"
      image    = "string | default=\"nginx\""
      replicas = "integer | default=1 minimum=1 maximum=10"
      service  = { enabled = "boolean | default=true" }
    }

    status = {
      available = "$${deployment.status.availableReplicas}"
    }

    short_names = ["webapp"]

    additional_printer_columns = [
      { name = "Replicas", json_path = ".spec.replicas", type = "integer" },
    ]
  }

  resources = [
    {
      id = "deployment"
      template = jsonencode({
        apiVersion = "apps/v1"
        kind       = "Deployment"
        metadata   = { name = "$${schema.spec.name}" }
        spec = {
          replicas = "$${schema.spec.replicas}"
          selector = { matchLabels = { app = "$${schema.spec.name}" } }
          template = {
            metadata = { labels = { app = "$${schema.spec.name}" } }
            spec     = { containers = [{ name = "web", image = "$${schema.spec.image}" }] }
          }
        }
      })
      ready_when = ["$${deployment.status.availableReplicas == schema.spec.replicas}"]
    },
    {
      id           = "service"
      include_when = ["$${schema.spec.service.enabled}"]
      template = jsonencode({
        apiVersion = "v1"
        kind       = "Service"
        metadata   = { name = "$${schema.spec.name}" }
        spec = {
          selector = { app = "$${schema.spec.name}" }
          ports    = [{ port = 80 }]
        }
      })
    },
  ]
}

# An object of it, in the same apply.
resource "gitops_manifest" "shop" {
  manifest = {
    apiVersion = "kro.run/v1alpha1"
    kind       = "WebApplication"
    metadata   = { name = "shop", namespace = "shop" }
    spec       = { name = "shop", image = "ghcr.io/example/shop:1.4.0", replicas = 2 }
  }

  wait = { conditions = [{ type = "Ready" }] }

  # It goes before the kind does.
  depends_on = [gitops_kro_resource_graph_definition.web_application]
}

# One ConfigMap for each region, with what is there already in it.
resource "gitops_kro_resource_graph_definition" "regions" {
  name             = "regionsettings"
  delete_instances = true

  schema = {
    api_version = "v1"
    kind        = "RegionSettings"
    group       = "shop.example.com"
    spec        = { regions = "[]string" }
  }

  resources = [
    {
      id = "shared"
      external_ref = {
        api_version = "v1"
        kind        = "ConfigMap"
        metadata    = { name = "shared", namespace = "shop" }
      }
    },
    {
      id       = "settings"
      for_each = [{ region = "$${schema.spec.regions}" }]
      template = jsonencode({
        apiVersion = "v1"
        kind       = "ConfigMap"
        metadata   = { name = "$${schema.metadata.name}-$${region}" }
        data       = { region = "$${region}", level = "$${shared.data.level}" }
      })
    },
  ]
}
