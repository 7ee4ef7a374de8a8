resource "gitops_kargo_project_config" "shop" {
  namespace = "shop"

  # Everything but production promotes new freight by itself.
  promotion_policies = [
    {
      stage_selector         = { name = "production" }
      auto_promotion_enabled = false
    },
    {
      stage_selector         = { name = "regex:.*" }
      auto_promotion_enabled = true
      auto_rollback          = { on_verification = ["Failed"] }
    },
  ]

  # `webhook_receiver_urls["github"]` goes into the settings of the repository.
  webhook_receivers = [{
    name   = "github"
    github = { secret_ref = { name = "github-webhook" } }
  }]

  stage_links = [{
    title = "Logs"
    url   = "https://logs.example.com/{{ .stage.metadata.namespace }}/{{ .stage.metadata.name }}"
  }]
}
