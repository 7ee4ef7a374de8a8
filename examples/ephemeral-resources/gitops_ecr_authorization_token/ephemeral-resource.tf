terraform {
  required_providers {
    gitops = {
      source = "eks-gitops/gitops"
    }
  }
}

provider "gitops" {
  region = "eu-west-1"
}

# A login for whoever pulls from the registry and has no role of AWS.
ephemeral "gitops_ecr_authorization_token" "this" {}

locals {
  registry = trimprefix(ephemeral.gitops_ecr_authorization_token.this.proxy_endpoint, "https://")
}
