# By the namespace of Argo CD and the name of the Secret.
terraform import gitops_repository_credentials.shop argocd/git-example-com
