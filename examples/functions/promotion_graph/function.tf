resource "gitops_kargo_warehouse" "shop" {
  name          = "shop"
  namespace     = "shop"
  subscriptions = [{ image = { repo_url = "ghcr.io/example/shop" } }]
}

resource "gitops_kargo_stage" "all" {
  for_each = {
    dev  = { direct = true }
    uat  = { stages = ["dev"] }
    prod = { stages = ["uat"], required_soak_time = "24h" }
  }

  name              = each.key
  namespace         = "shop"
  requested_freight = [{ origin = { name = "shop" }, sources = each.value }]
}

locals {
  # Fails at the plan when freight cannot flow: a stage that is not there, a circle, ...
  graph = provider::gitops::promotion_graph([gitops_kargo_warehouse.shop], gitops_kargo_stage.all)
}

output "order" {
  value = local.graph.order # ["dev", "uat", "prod"]
}

output "picture" {
  description = "For a Markdown file, in a block of the language `mermaid`."
  value       = local.graph.mermaid
}
