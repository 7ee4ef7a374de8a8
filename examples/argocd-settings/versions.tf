terraform {
  required_version = ">= 1.11"

  required_providers {
    gitops = {
      source = "eks-gitops/gitops"
    }
  }
}
