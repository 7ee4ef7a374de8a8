# By the namespace of Argo CD and the name of the application set.
terraform import gitops_application_set.addons argocd/addons
