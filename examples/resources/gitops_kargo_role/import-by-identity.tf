import {
  to = gitops_kargo_role.developer

  identity = {
    name      = "developer"
    namespace = "shop"
  }
}
