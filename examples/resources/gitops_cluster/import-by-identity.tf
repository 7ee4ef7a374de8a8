import {
  to = gitops_cluster.main

  identity = {
    name      = "main"
    namespace = "argocd"
  }
}
