# By the project.
terraform import gitops_kargo_project_config.shop shop
