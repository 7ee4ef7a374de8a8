import {
  to = gitops_eks_capability_ack.main

  identity = {
    cluster_name    = "main"
    capability_name = "ack"
  }
}
