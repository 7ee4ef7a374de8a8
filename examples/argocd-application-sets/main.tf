# Applications that Argo CD generates: for elements of a list, directories and files in Git, clusters,
# and one for each service in each cluster.

provider "gitops" {
  region  = var.region
  argo_cd = "self_managed"
  cluster = { name = var.cluster_name }
}

locals {
  # A parameter that there is not is an error, where otherwise "<no value>" is deployed.
  options     = ["missingkey=error"]
  sync_policy = { automated = { prune = true, self_heal = true }, sync_options = ["CreateNamespace=true"] }
}

# A registered cluster. Its labels are what generators select by, its annotations what they may hand
# to the applications.
resource "gitops_cluster" "own" {
  name        = "own"
  server      = "https://kubernetes.default.svc"
  labels      = { environment = "production" }
  annotations = { greeting = "Hello from production" }

  config = { tls_client_config = { insecure = false } }
}

# One for each element of a list.
resource "gitops_application_set" "list" {
  name                = "tenants"
  go_template         = true
  go_template_options = local.options

  generators = [{
    list = { elements = jsonencode([{ tenant = "blue", port = 81 }, { tenant = "green", port = 82 }]) }
  }]

  template = {
    metadata = { name = "tenant-{{.tenant}}", labels = { tenant = "{{.tenant}}" } }

    spec = {
      source = {
        repo_url        = var.git_url
        path            = "service"
        target_revision = "main"

        helm = {
          release_name  = "{{.tenant}}"
          values_object = jsonencode({ greeting = "Hello {{.tenant}}" })
          parameters    = [{ name = "port", value = "{{.port}}" }]
        }
      }

      destination = { server = gitops_cluster.own.server, namespace = "tenant-{{.tenant}}" }
      sync_policy = local.sync_policy
    }
  }

  wait = {}
}

# One for each directory, but one.
resource "gitops_application_set" "directories" {
  name                = "addons"
  go_template         = true
  go_template_options = local.options

  generators = [{
    git = {
      repo_url    = var.git_url
      revision    = "main"
      directories = [{ path = "addons/*" }, { path = "addons/deprecated", exclude = true }]
    }
  }]

  template = {
    metadata = { name = "addon-{{.path.basename}}" }

    spec = {
      source      = { repo_url = var.git_url, path = "{{.path.path}}", target_revision = "main" }
      destination = { server = gitops_cluster.own.server, namespace = "addons" }
      sync_policy = local.sync_policy
    }
  }

  wait = {}
}

# One for each file, with what is in it.
resource "gitops_application_set" "files" {
  name                = "environments"
  go_template         = true
  go_template_options = local.options

  generators = [{
    git = {
      repo_url = var.git_url
      revision = "main"
      files    = [{ path = "environments/*.json" }]
    }
  }]

  template = {
    metadata = { name = "environment-{{.path.filename | trimSuffix \".json\"}}" }

    spec = {
      source = {
        repo_url        = var.git_url
        path            = "service"
        target_revision = "main"

        helm = {
          release_name = "service"
          parameters   = [{ name = "greeting", value = "{{.greeting}}" }]
        }
      }

      destination = { server = gitops_cluster.own.server, namespace = "{{.namespace}}" }
      sync_policy = local.sync_policy
    }
  }

  wait = {}
}

# One for each cluster with a label.
resource "gitops_application_set" "clusters" {
  name                = "clusters"
  go_template         = true
  go_template_options = local.options

  generators = [{
    clusters = {
      selector = { match_labels = { environment = "production" } }
      values   = { greeting = "{{.metadata.annotations.greeting}}" }
    }
  }]

  template = {
    metadata = { name = "cluster-{{.nameNormalized}}" }

    spec = {
      source = {
        repo_url        = var.git_url
        path            = "service"
        target_revision = "main"

        helm = {
          release_name = "service"
          parameters   = [{ name = "greeting", value = "{{.values.greeting}}" }]
        }
      }

      destination = { server = "{{.server}}", namespace = "cluster-{{.nameNormalized}}" }
      sync_policy = local.sync_policy
    }
  }

  wait       = {}
  depends_on = [gitops_cluster.own]
}

# One for each directory in each cluster.
resource "gitops_application_set" "matrix" {
  name                = "everywhere"
  go_template         = true
  go_template_options = local.options

  generators = [{
    matrix = {
      generators = [
        { git = { repo_url = var.git_url, revision = "main", directories = [{ path = "everywhere/*" }] } },
        { clusters = { selector = { match_labels = { environment = "production" } } } },
      ]
    }
  }]

  template = {
    metadata = { name = "{{.path.basename}}-{{.nameNormalized}}" }

    spec = {
      source      = { repo_url = var.git_url, path = "{{.path.path}}", target_revision = "main" }
      destination = { server = "{{.server}}", namespace = "everywhere" }
      sync_policy = local.sync_policy
    }
  }

  wait       = {}
  depends_on = [gitops_cluster.own]
}
