# By the name, which is always the same.
terraform import gitops_kargo_cluster_config.this cluster
