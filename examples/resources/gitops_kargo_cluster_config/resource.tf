resource "gitops_kargo_cluster_config" "this" {
  git_client = {
    name  = "Kargo"
    email = "kargo@example.com"
  }

  # Refreshes the warehouses of all projects that watch the repository that was pushed to.
  webhook_receivers = [{
    name = "ci"
    generic = {
      secret_ref = { name = "ci-webhook" }
      actions = [{
        action          = "Refresh"
        when_expression = "request.header('X-Event') == 'push'"
        target_selection_criteria = [{
          kind = "Warehouse"
          index_selector = {
            match_indices = [{
              key      = "subscribedURLs"
              operator = "Equals"
              value    = "$${{ normalizeGit(request.body.repository) }}"
            }]
          }
        }]
      }]
    }
  }]
}
