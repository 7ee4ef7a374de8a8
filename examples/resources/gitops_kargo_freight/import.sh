# By the project and the name of the freight, which is its hash and not its alias.
terraform import gitops_kargo_freight.release shop/e5d3a4ee8d4a1f8a8ea3b7a1c2f5c7b7e1a1c9d0
