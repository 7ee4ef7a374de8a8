import {
  to = gitops_kargo_promotion_task.open_pull_request

  identity = {
    name      = "open-pull-request"
    namespace = "shop"
  }
}
