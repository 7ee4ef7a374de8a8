import {
  to = gitops_kargo_project.shop

  identity = {
    name = "shop"
  }
}
