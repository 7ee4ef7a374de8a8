# By the name of the repository.
terraform import gitops_ecr_repository.api shop/api
