# For every project: `task = { name = "notify", kind = "ClusterPromotionTask" }`.
resource "gitops_kargo_cluster_promotion_task" "notify" {
  name = "notify"

  vars = [{ name = "channel", value = "deployments" }]

  steps = [{
    uses  = "http"
    retry = { timeout = "2m", error_threshold = 3 }
    config = {
      method = "POST"
      url    = "https://chat.example.com/hooks/$${{ vars.channel }}"
      headers = [
        { name = "Authorization", value = "Bearer $${{ sharedSecret('chat').token }}" },
      ]
      body = "$${{ ctx.project }}/$${{ ctx.stage }} has $${{ ctx.targetFreight.alias }}"
    }
  }]
}
