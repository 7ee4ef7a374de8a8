# By the namespace of Argo CD.
terraform import gitops_argocd_config.this argocd
