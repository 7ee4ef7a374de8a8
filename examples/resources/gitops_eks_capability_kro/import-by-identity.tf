import {
  to = gitops_eks_capability_kro.main

  identity = {
    cluster_name    = "main"
    capability_name = "kro"
  }
}
