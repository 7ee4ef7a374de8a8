# The ECR repositories of a team.
list "gitops_ecr_repository" "these" {
  provider = gitops

  config {
    name_prefix = "shop/"
  }
}
