import {
  to = gitops_iam_openid_connect_provider.github

  identity = {
    arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }
}
