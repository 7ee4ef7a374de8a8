# What every unit has in common: where its state is, the provider, and the values of the environment.

locals {
  env = read_terragrunt_config("${get_parent_terragrunt_dir()}/env.hcl").locals
}

# Terragrunt works in a copy of the unit, so the state is kept outside of it. A team has it in a bucket.
generate "backend" {
  path      = "backend.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-HCL
    terraform {
      backend "local" {
        path = "${get_terragrunt_dir()}/terraform.tfstate"
      }
    }
  HCL
}

generate "versions" {
  path      = "versions.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-HCL
    terraform {
      required_version = ">= 1.11"

      required_providers {
        gitops = {
          source = "eks-gitops/gitops"
        }
      }
    }
  HCL
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-HCL
    provider "gitops" {
      region  = "${local.env.region}"
      cluster = { name = "${local.env.cluster_name}" }

      default_tags {
        tags = { unit = "${path_relative_to_include()}" }
      }
    }
  HCL
}
