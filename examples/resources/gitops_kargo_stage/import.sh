# By the project and the name of the stage.
terraform import gitops_kargo_stage.staging shop/staging
