# By the name of the role.
terraform import gitops_iam_role.argocd main-argocd
