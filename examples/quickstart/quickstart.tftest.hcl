# What would be made, and how it hangs together. A plan of what is new calls nobody: this needs no
# cluster and no credentials. Run it with `tofu test` or `terraform test`.

variables {
  region       = "eu-west-1"
  cluster_name = "main"
  cluster_arn  = "arn:aws:eks:eu-west-1:111122223333:cluster/main"
}

run "everything_is_planned_before_anything_exists" {
  command = plan

  assert {
    condition     = gitops_iam_role.argocd.name == "main-argocd"
    error_message = "The role is named after the cluster."
  }

  assert {
    condition     = gitops_application.this.destination.server == var.cluster_arn
    error_message = "Argo CD on Amazon EKS knows clusters by their ARN."
  }

  assert {
    condition     = alltrue([for d in gitops_app_project.this.destinations : d.server == var.cluster_arn])
    error_message = "The project lets applications deploy to this cluster and to no other."
  }

  assert {
    condition     = contains(gitops_app_project.this.source_repos, gitops_application.this.source.repo_url)
    error_message = "The project has to allow the repository of the application."
  }
}

run "production_takes_what_soaked_in_dev" {
  command = plan

  assert {
    condition     = gitops_kargo_stage.prod[0].requested_freight[0].sources.stages == tolist([gitops_kargo_stage.dev[0].name])
    error_message = "Production takes freight from dev."
  }

  assert {
    condition     = gitops_kargo_stage.prod[0].requested_freight[0].sources.direct != true
    error_message = "Nothing goes to production past dev."
  }
}

run "kargo_can_be_left_out" {
  command = plan

  variables {
    kargo = false
  }

  assert {
    condition     = length(gitops_kargo_project.this) + length(gitops_kargo_stage.dev) + length(gitops_kargo_stage.prod) == 0
    error_message = "Without Kargo, nothing of it is made."
  }
}
