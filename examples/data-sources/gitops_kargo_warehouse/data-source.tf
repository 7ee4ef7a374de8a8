data "gitops_kargo_warehouse" "shop" {
  namespace = "shop"
  name      = "shop"
}

output "newest_image" {
  value = try(data.gitops_kargo_warehouse.shop.discovered_artifacts.images[0].references[0].tag, null)
}

output "why_it_makes_no_freight" {
  value = [for condition in data.gitops_kargo_warehouse.shop.conditions : condition.message if condition.status == "False"]
}
