# How a self-managed Argo CD is set up: who may do what, who hears of what, and how a kind that Argo CD
# does not know is judged and compared. The application that all of it is for is deployed beside it. The
# folder repository is what is in Git.

provider "gitops" {
  region  = var.region
  argo_cd = "self_managed"
  cluster = { name = var.cluster_name }
}

resource "gitops_argocd_config" "this" {
  rbac = {
    # Whoever has logged in may look at everything, and the platform's team may do everything.
    policy_default = "role:readonly"
    scopes         = ["groups"]
    policy_csv     = <<-CSV
      g, platform-engineers, role:admin
    CSV

    # What a team may do beyond that is a policy of its own: synchronise its applications and, say,
    # restart what they have deployed, but not delete them.
    policies = {
      shop = <<-CSV
        p, role:shop, applications, sync, default/shop-*, allow
        p, role:shop, applications, action/*, default/shop-*, allow
        g, shop-developers, role:shop
      CSV
    }
  }

  resource_customizations = {
    # Without a check Argo CD takes whatever exists for healthy.
    "shop.example.com_FeatureFlag" = {
      health = <<-LUA
        if obj.spec.withdrawn ~= nil then
          return { status = "Degraded", message = "withdrawn: " .. obj.spec.withdrawn }
        end
        if obj.spec.rollout < 100 then
          return { status = "Progressing", message = obj.spec.rollout .. " % of the customers have it" }
        end
        return { status = "Healthy", message = "all customers have it" }
      LUA

      # The share is turned by kubectl while customers are watched: no difference to Git.
      ignore_differences = { json_pointers = ["/spec/rollout"] }
    }
  }

  # Why a resource is not healthy is kept with its application, for messages and for whoever waits. The
  # application controller has to be restarted when this changes.
  cmd_params = { "controller.resource.health.persist" = "true" }

  notifications = {
    services = {
      "webhook.chat" = yamlencode({
        url = var.chat_url
        headers = [
          { name = "Authorization", value = "Bearer $chat-token" },
          { name = "Content-Type", value = "application/json" },
        ]
      })
    }

    # Neither in a plan nor in the state. Change the version to send a new one.
    secrets_wo         = { "chat-token" = var.chat_token }
    secrets_wo_version = 1

    context = { cluster = var.cluster_name }

    templates = {
      "deployed" = yamlencode({
        webhook = {
          chat = {
            method = "POST"
            body   = <<-JSON
              {"text": {{ printf "%s is deployed to %s" .app.metadata.name .context.cluster | toJson }}}
            JSON
          }
        }
      })

      "degraded" = yamlencode({
        webhook = {
          chat = {
            method = "POST"
            body   = <<-JSON
              {
                "text": {{ printf "%s is degraded" .app.metadata.name | toJson }},
                "why": [
                  {{- $comma := "" }}
                  {{- range .app.status.resources }}
                  {{- if and .health (eq .health.status "Degraded") }}
                  {{- $comma }}{{ printf "%s %s: %s" .kind .name .health.message | toJson }}
                  {{- $comma = "," }}
                  {{- end }}
                  {{- end -}}
                ]
              }
            JSON
          }
        }
      })
    }

    triggers = {
      # One message for each revision that has come to work.
      "on-deployed" = {
        conditions = [{
          when     = "app.status.operationState.phase == 'Succeeded' and app.status.health.status == 'Healthy'"
          once_per = "app.status.sync.revision"
          send     = ["deployed"]
        }]
      }

      "on-degraded" = {
        conditions = [{
          when = "app.status.health.status == 'Degraded'"
          send = ["degraded"]
        }]
      }
    }

    # Of this everybody hears without asking.
    subscriptions = [{ recipients = ["chat"], triggers = ["on-degraded"] }]
  }
}

# It asks to hear more. Its health is what the check says of what it deploys, which is what is waited for.
# A destroy deletes the flags with it; the definition stays, since Argo CD never deletes one.
resource "gitops_application" "flags" {
  name        = "shop-flags"
  source      = { repo_url = var.git_url, path = "flags", target_revision = "main" }
  destination = { server = "https://kubernetes.default.svc", namespace = "shop-flags" }

  notifications = [{ trigger = "on-deployed", service = "chat" }]

  # A synchronisation leaves alone what is ignored, too.
  sync_policy = {
    automated    = { prune = true, self_heal = true }
    sync_options = ["CreateNamespace=true", "RespectIgnoreDifferences=true"]
  }

  cascade = "foreground"
  wait    = {}

  depends_on = [gitops_argocd_config.this]
}
