import {
  to = gitops_kargo_cluster_promotion_task.notify

  identity = {
    name = "notify"
  }
}
