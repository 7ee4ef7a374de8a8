# Every Deployment of one namespace.
list "gitops_manifest" "deployments" {
  provider = gitops

  config {
    api_version = "apps/v1"
    kind        = "Deployment"
    namespace   = "shop"
  }
}
