terraform {
  required_providers {
    gitops = {
      source = "eks-gitops/gitops"
    }
  }
}

# Credentials and settings of AWS are those of the AWS provider, in the block or in the environment.
provider "gitops" {
  region = "eu-west-1"

  # The cluster that in-cluster objects live in. A resource may name another one.
  cluster = { name = "main" }

  default_tags {
    tags = { team = "platform" }
  }
}

# A cluster in another account.
provider "gitops" {
  alias   = "production"
  region  = "eu-west-1"
  cluster = { name = "production" }

  assume_role {
    role_arn = "arn:aws:iam::444455556666:role/deployer"
  }
}
