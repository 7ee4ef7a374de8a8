import {
  to = gitops_iam_role.argocd

  identity = {
    name = "main-argocd"
  }
}
