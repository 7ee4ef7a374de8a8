import {
  to = gitops_argocd_config.this

  identity = {
    namespace = "argocd"
  }
}
