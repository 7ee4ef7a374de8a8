# By the project and the name of the task.
terraform import gitops_kargo_promotion_task.open_pull_request shop/open-pull-request
