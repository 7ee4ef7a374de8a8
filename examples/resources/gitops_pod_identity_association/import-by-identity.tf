import {
  to = gitops_pod_identity_association.kargo

  identity = {
    cluster_name   = "main"
    association_id = "a-0123456789abcdefg"
  }
}
