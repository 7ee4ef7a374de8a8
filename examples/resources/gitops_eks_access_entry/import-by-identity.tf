import {
  to = gitops_eks_access_entry.shop

  identity = {
    cluster_name  = "main"
    principal_arn = "arn:aws:iam::111122223333:role/teams/shop"
  }
}
