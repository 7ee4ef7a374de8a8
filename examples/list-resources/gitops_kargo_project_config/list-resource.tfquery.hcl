# The configurations of all Kargo projects of the cluster.
list "gitops_kargo_project_config" "these" {
  provider = gitops
}
