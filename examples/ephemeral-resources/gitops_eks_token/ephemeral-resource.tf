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

ephemeral "gitops_eks_token" "main" {
  name = "main"
}

# Logs in as any provider would that cannot make tokens: with one that was made for it.
provider "gitops" {
  alias = "by_token"

  cluster = {
    host                   = ephemeral.gitops_eks_token.main.host
    token                  = ephemeral.gitops_eks_token.main.token
    cluster_ca_certificate = ephemeral.gitops_eks_token.main.cluster_ca_certificate
  }
}
