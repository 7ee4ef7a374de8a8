# Amazon EKS runs Argo CD for the cluster.

include "root" {
  path   = find_in_parent_folders("root.hcl")
  expose = true
}

inputs = {
  cluster_name     = include.root.locals.env.cluster_name
  idc_instance_arn = include.root.locals.env.idc_instance_arn
  admin_group_id   = include.root.locals.env.admin_group_id
}
