# The whole apply, with made-up answers in the place of AWS and the cluster: for modules whose outputs
# are only known after it. What is made up is still checked, so ARNs have to be ARNs.

mock_provider "gitops" {
  mock_resource "gitops_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/main-argocd" }
  }

  mock_resource "gitops_eks_capability_argocd" {
    defaults = { server_url = "https://argocd.example.com" }
  }
}

variables {
  region       = "eu-west-1"
  cluster_name = "main"
  cluster_arn  = "arn:aws:eks:eu-west-1:111122223333:cluster/main"
}

run "the_address_of_argocd_is_an_output" {
  assert {
    condition     = output.argocd_url == "https://argocd.example.com"
    error_message = "The output is ${output.argocd_url}."
  }

  assert {
    condition     = gitops_eks_access_entry.argocd.principal_arn == gitops_iam_role.argocd.arn
    error_message = "The access entry is for the role of Argo CD."
  }
}
