import {
  to = gitops_kargo_stage.staging

  identity = {
    name      = "staging"
    namespace = "shop"
  }
}
