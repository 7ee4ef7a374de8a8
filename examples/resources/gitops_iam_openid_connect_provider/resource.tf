# Runs of GitHub Actions get roles of this account, without keys that somebody has to keep.
resource "gitops_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}
