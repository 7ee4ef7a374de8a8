# What the EKS capability honours.
resource "gitops_argocd_config" "this" {
  resource_customizations = {
    "cert-manager.io_Certificate" = {
      health = <<-LUA
        hs = { status = "Progressing", message = "Waiting for the certificate" }
        if obj.status ~= nil and obj.status.conditions ~= nil then
          for _, condition in ipairs(obj.status.conditions) do
            if condition.type == "Ready" then
              hs.status = condition.status == "True" and "Healthy" or "Degraded"
              hs.message = condition.message
            end
          end
        end
        return hs
      LUA
    }

    "apps_Deployment" = {
      ignore_differences = { json_pointers = ["/spec/replicas"] }
    }

    all = {
      ignore_resource_updates = { json_pointers = ["/metadata/resourceVersion"] }
    }
  }

  resource_exclusions = [{ api_groups = ["cilium.io"], kinds = ["CiliumIdentity"] }]

  kustomize = { build_options = "--enable-helm" }
  ui        = { banner_content = "Production", banner_permanent = true }
}

variable "slack_token" {
  description = "Token of the application in Slack that messages are sent by."
  type        = string
  ephemeral   = true
}

# The Argo CD of one's own takes more.
resource "gitops_argocd_config" "own" {
  namespace = "argocd-own"
  argo_cd   = "self_managed"

  url                    = "https://argocd.example.com"
  admin_enabled          = false
  accounts               = { ci = { capabilities = ["apiKey"] } }
  timeout_reconciliation = "3m"
  settings               = { "exec.shells" = "bash,sh" }

  rbac = {
    policy_default = "role:readonly"
    scopes         = ["groups", "email"]
    policy_csv     = <<-CSV
      p, role:shop, applications, sync, shop/*, allow
      p, role:shop, logs, get, shop/*, allow
      g, example:shop, role:shop
    CSV
  }

  notifications = {
    services  = { slack = "token: $slack-token\n" }
    templates = { "sync-failed" = "message: The synchronisation of {{.app.metadata.name}} has failed.\n" }
    triggers = {
      "on-sync-failed" = {
        conditions = [{
          when = "app.status.operationState.phase in ['Error', 'Failed']"
          send = ["sync-failed"]
        }]
      }
    }
    subscriptions = [{ recipients = ["slack:deployments"], triggers = ["on-sync-failed"] }]
    context       = { environment = "production" }

    secrets_wo         = { "slack-token" = var.slack_token }
    secrets_wo_version = 1
  }
}
