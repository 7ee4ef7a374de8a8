# Every Kargo project of the cluster.
list "gitops_kargo_project" "these" {
  provider = gitops
}
