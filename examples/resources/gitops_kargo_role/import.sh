# By the project and the name of the role.
terraform import gitops_kargo_role.developer shop/developer
