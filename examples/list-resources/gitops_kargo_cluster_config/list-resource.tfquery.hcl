# The configuration of Kargo, if there is one.
list "gitops_kargo_cluster_config" "these" {
  provider = gitops
}
