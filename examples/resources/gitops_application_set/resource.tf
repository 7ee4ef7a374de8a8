# Every directory below addons/, on every registered cluster of an environment.
resource "gitops_application_set" "addons" {
  name = "addons"

  go_template         = true
  go_template_options = ["missingkey=error"]

  generators = [{
    matrix = {
      generators = [
        {
          git = {
            repo_url    = "https://github.com/example/platform"
            revision    = "main"
            directories = [{ path = "addons/*" }, { path = "addons/experimental", exclude = true }]
          }
        },
        {
          clusters = { selector = { match_labels = { environment = "production" } } }
        },
      ]
    }
  }]

  template = {
    metadata = { name = "{{.path.basename}}-{{.name}}" }

    spec = {
      project = "platform"

      source = {
        repo_url        = "https://github.com/example/platform"
        path            = "{{.path.path}}"
        target_revision = "main"
      }

      destination = {
        name      = "{{.name}}"
        namespace = "{{.path.basename}}"
      }

      sync_policy = {
        automated    = { prune = true, self_heal = true }
        sync_options = ["CreateNamespace=true"]
      }
    }
  }

  # The apply ends when all applications are generated, synced and healthy.
  wait = {}
}

# One application for each environment that is written down here. Production keeps its revision, and what it has
# deployed when it is taken out of the list.
resource "gitops_application_set" "shop" {
  name = "shop"

  go_template         = true
  go_template_options = ["missingkey=error"]

  generators = [
    {
      list = {
        elements = jsonencode([{ environment = "staging", replicas = 1 }])
      }
    },
    {
      list = {
        elements = jsonencode([{ environment = "production", replicas = 3 }])

        # With the names that the API has for the fields.
        template = jsonencode({
          metadata = {}
          spec = {
            project     = ""
            destination = {}
            source      = { repoURL = "https://github.com/example/shop", targetRevision = "v1.4.2" }
          }
        })
      }
    },
  ]

  template = {
    metadata = { name = "shop-{{.environment}}" }

    spec = {
      project = "shop"

      source = {
        repo_url        = "https://github.com/example/shop"
        path            = "chart"
        target_revision = "main"
      }

      destination = {
        server    = "arn:aws:eks:eu-west-1:111122223333:cluster/main"
        namespace = "shop-{{.environment}}"
      }
    }
  }

  # For what is no text, such as a number.
  template_patch = <<-YAML
    spec:
      source:
        helm:
          valuesObject:
            replicas: {{ .replicas }}
  YAML

  sync_policy = { preserve_resources_on_deletion = true }
}
