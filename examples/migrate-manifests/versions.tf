terraform {
  required_version = ">= 1.8"

  required_providers {
    gitops = {
      source = "eks-gitops/gitops"
    }
  }
}
