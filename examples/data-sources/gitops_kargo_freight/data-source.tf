# The newest freight that has passed the tests in uat.
data "gitops_kargo_freight" "tested" {
  namespace         = "shop"
  warehouse         = "shop"
  verified_in_stage = "uat"
}

# Freight by the name that people remember it by.
data "gitops_kargo_freight" "known_good" {
  namespace = "shop"
  alias     = "iron-sponge"
}

output "tested_commit" {
  value = one(data.gitops_kargo_freight.tested.commits[*].id)
}
