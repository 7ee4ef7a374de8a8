# By the name of the project.
terraform import gitops_kargo_project.shop shop
