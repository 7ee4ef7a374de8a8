import {
  to = gitops_ecr_repository.api

  identity = {
    name = "shop/api"
  }
}
