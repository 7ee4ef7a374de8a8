# By the name of the task.
terraform import gitops_kargo_cluster_promotion_task.notify notify
