# What Argo CD deploys, once it is there.

include "root" {
  path   = find_in_parent_folders("root.hcl")
  expose = true
}

dependency "capability" {
  config_path = "../capability"

  # Stand in for the outputs until the unit is applied: `run --all plan` works from the very start.
  mock_outputs = {
    namespace = "argocd"
  }
  mock_outputs_allowed_terraform_commands = ["init", "validate", "plan"]
}

inputs = {
  argocd_namespace = dependency.capability.outputs.namespace
  cluster_arn      = include.root.locals.env.cluster_arn
  git_url          = include.root.locals.env.git_url
  git_path         = include.root.locals.env.git_path
  git_branch       = include.root.locals.env.git_branch
}
