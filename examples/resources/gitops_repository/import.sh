# By the namespace of Argo CD and the name of the Secret.
terraform import gitops_repository.shop argocd/shop
