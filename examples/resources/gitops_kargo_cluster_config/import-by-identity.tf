import {
  to = gitops_kargo_cluster_config.this

  identity = {
    name = "cluster"
  }
}
