# The newest release of a service, as far as its next major version.
data "gitops_ecr_images" "api" {
  repository_name   = "shop/api"
  semver_constraint = "^2.1"
}

output "release" {
  value = {
    tag    = data.gitops_ecr_images.api.newest_semver_tag
    digest = data.gitops_ecr_images.api.newest_semver.image_digest
  }
}

# The newest build of a branch, by the time when it was pushed.
data "gitops_ecr_images" "main" {
  repository_name = "shop/api"
  tag_regex       = "^main-[0-9a-f]{7}$"
}

output "build" {
  value = data.gitops_ecr_images.main.newest.image_digest
}
