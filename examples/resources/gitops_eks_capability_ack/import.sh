# By the names of the cluster and the capability.
terraform import gitops_eks_capability_ack.main main,ack
