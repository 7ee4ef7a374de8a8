# Every definition of the cluster.
list "gitops_kro_resource_graph_definition" "these" {
  provider = gitops
}
