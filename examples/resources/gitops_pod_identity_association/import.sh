# By the name of the cluster and the id of the association, or by namespace and service account.
terraform import gitops_pod_identity_association.kargo main,a-0123456789abcdefg
terraform import gitops_pod_identity_association.kargo main,kargo,kargo-controller
