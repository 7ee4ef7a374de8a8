import {
  to = gitops_app_project.shop

  identity = {
    name      = "shop"
    namespace = "argocd"
  }
}
