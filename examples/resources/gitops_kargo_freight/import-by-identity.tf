import {
  to = gitops_kargo_freight.release

  identity = {
    name      = "e5d3a4ee8d4a1f8a8ea3b7a1c2f5c7b7e1a1c9d0"
    namespace = "shop"
  }
}
