import {
  to = gitops_application_set.addons

  identity = {
    name      = "addons"
    namespace = "argocd"
  }
}
