import {
  to = gitops_repository_credentials.shop

  identity = {
    name      = "git-example-com"
    namespace = "argocd"
  }
}
