# By the namespace of Argo CD and the name of the project.
terraform import gitops_app_project.shop argocd/shop
