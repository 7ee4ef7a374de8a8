import {
  to = gitops_kargo_project_config.shop

  identity = {
    namespace = "shop"
  }
}
