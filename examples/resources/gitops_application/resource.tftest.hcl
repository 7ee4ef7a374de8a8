# Run it with `tofu test` or `terraform test`: no cluster and no credentials are needed for a plan.

run "both_environments_deploy_the_same_chart" {
  command = plan

  assert {
    condition     = gitops_application.shop.source.path == gitops_application.shop_staging.source.path
    error_message = "Staging is to try what production gets."
  }

  assert {
    condition     = gitops_application.shop.destination.namespace != gitops_application.shop_staging.destination.namespace
    error_message = "The two must not share a namespace."
  }

  assert {
    condition     = jsondecode(gitops_application.shop.source.helm.values_object).replicas >= 2
    error_message = "Production outlives the loss of one pod."
  }

  # What the provider fills in is in the plan as well.
  assert {
    condition     = gitops_application.shop.namespace == "argocd"
    error_message = "The default is the namespace of Argo CD on Amazon EKS."
  }
}
