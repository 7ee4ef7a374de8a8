# The IAM roles of a team.
list "gitops_iam_role" "these" {
  provider = gitops

  config {
    path_prefix = "/teams/shop/"
  }
}
