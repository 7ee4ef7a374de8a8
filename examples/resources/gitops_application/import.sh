# By the namespace of Argo CD and the name of the application.
terraform import gitops_application.shop argocd/shop
