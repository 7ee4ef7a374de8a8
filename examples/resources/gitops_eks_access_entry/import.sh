# By the name of the cluster and the ARN of the principal.
terraform import gitops_eks_access_entry.shop main,arn:aws:iam::111122223333:role/teams/shop
