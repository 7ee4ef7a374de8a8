import {
  to = gitops_repository.shop

  identity = {
    name      = "shop"
    namespace = "argocd"
  }
}
