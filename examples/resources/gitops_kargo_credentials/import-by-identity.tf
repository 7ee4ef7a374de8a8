import {
  to = gitops_kargo_credentials.github

  identity = {
    name      = "github"
    namespace = "shop"
  }
}
