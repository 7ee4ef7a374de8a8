# Every promotion task for all Kargo projects.
list "gitops_kargo_cluster_promotion_task" "these" {
  provider = gitops
}
