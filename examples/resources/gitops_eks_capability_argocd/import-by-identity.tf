import {
  to = gitops_eks_capability_argocd.main

  identity = {
    cluster_name    = "main"
    capability_name = "argocd"
  }
}
