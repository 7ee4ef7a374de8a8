resource "gitops_kargo_project" "shop" {
  name = "shop"
}

# A new image together with the manifests of the moment makes a piece of freight.
resource "gitops_kargo_warehouse" "shop" {
  name      = "shop"
  namespace = gitops_kargo_project.shop.name

  subscriptions = [
    {
      image = {
        repo_url   = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop"
        constraint = "^1.0.0"
      }
    },
    {
      git = {
        repo_url      = "https://github.com/example/shop"
        branch        = "main"
        include_paths = ["chart"]
      }
    },
  ]
}
