locals {
  cluster = provider::gitops::parse_arn("arn:aws:eks:eu-west-1:123456789012:cluster/main")
}

output "cluster_name" {
  value = local.cluster.resource_id # main
}

output "region" {
  value = local.cluster.region # eu-west-1
}
