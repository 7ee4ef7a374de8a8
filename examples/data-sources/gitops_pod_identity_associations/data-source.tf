# Those of the service accounts in one namespace.
data "gitops_pod_identity_associations" "shop" {
  cluster_name = "main"
  namespace    = "shop"
}

# By service account, without those that belong to an add-on.
output "associations" {
  value = {
    for one in data.gitops_pod_identity_associations.shop.associations :
    one.service_account => one.association_id if one.owner_arn == null
  }
}
