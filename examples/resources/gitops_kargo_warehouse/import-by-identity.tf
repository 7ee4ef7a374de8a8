import {
  to = gitops_kargo_warehouse.shop

  identity = {
    name      = "shop"
    namespace = "shop"
  }
}
