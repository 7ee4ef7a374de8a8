# GitHub Actions pushes images with a role of the account, so that nobody has to keep keys.

provider "gitops" {
  region = var.region
}

# One for each account: import it where it is there already.
resource "gitops_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "gitops_ecr_repository" "api" {
  name                 = "${var.name}/api"
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration = { scan_on_push = true }

  lifecycle_policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "What no tag points to any more"
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
      action       = { type = "expire" }
    }]
  })
}

# Runs for the environment "production" of the one repository get the role, and none else.
resource "gitops_iam_role" "release" {
  name = "${var.name}-release"

  assume_role_policy = provider::gitops::github_actions_trust_policy(
    gitops_iam_openid_connect_provider.github.arn,
    "${var.repository}:environment:production",
  )

  inline_policies = {
    push = jsonencode({
      Version = "2012-10-17"
      Statement = [
        { Effect = "Allow", Action = "ecr:GetAuthorizationToken", Resource = "*" },
        {
          Effect = "Allow"
          Action = [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:CompleteLayerUpload",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
          ]
          Resource = gitops_ecr_repository.api.arn
        },
      ]
    })
  }
}
