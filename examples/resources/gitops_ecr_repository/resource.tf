# Images of one team. A version is never moved to another image, what is not a version may be.
resource "gitops_ecr_repository" "api" {
  name                 = "shop/api"
  image_tag_mutability = "IMMUTABLE_WITH_EXCLUSION"

  image_tag_mutability_exclusion_filters = [
    { filter = "latest", filter_type = "WILDCARD" },
    { filter = "dev-*", filter_type = "WILDCARD" },
  ]

  image_scanning_configuration = { scan_on_push = true }
  encryption_configuration     = { encryption_type = "KMS" }

  lifecycle_policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "What no tag points to any more"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "All but the newest builds of branches"
        selection    = { tagStatus = "tagged", tagPatternList = ["dev-*"], countType = "imageCountMoreThan", countNumber = 20 }
        action       = { type = "expire" }
      },
    ]
  })

  # Another account runs the images.
  repository_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Pull"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::210987654321:root" }
      Action    = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }]
  })

  tags = { team = "shop" }
}
