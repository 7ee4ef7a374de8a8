# What differs between environments. `cargo sandbox` sets the variables; for an account of your own,
# set them too or write your values here.
locals {
  region       = get_env("SANDBOX_REGION", "eu-west-1")
  account_id   = get_env("SANDBOX_ACCOUNT_ID", "111122223333")
  cluster_name = get_env("SANDBOX_CLUSTER", "main")
  cluster_arn  = get_env("SANDBOX_CLUSTER_ARN", "arn:aws:eks:${local.region}:${local.account_id}:cluster/${local.cluster_name}")

  # IAM Identity Center, by which people log in to Argo CD.
  idc_instance_arn = get_env("IDC_INSTANCE_ARN", "arn:aws:sso:::instance/ssoins-0123456789abcdef")
  admin_group_id   = get_env("IDC_ADMIN_GROUP_ID", "11111111-2222-3333-4444-555555555555")

  # Where the application is.
  git_url    = get_env("SANDBOX_GIT_URL", "https://github.com/argoproj/argocd-example-apps.git")
  git_path   = get_env("TF_VAR_git_path", "guestbook")
  git_branch = "HEAD"
}
