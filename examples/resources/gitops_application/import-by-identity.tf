import {
  to = gitops_application.shop

  identity = {
    name      = "shop"
    namespace = "argocd"
  }
}
