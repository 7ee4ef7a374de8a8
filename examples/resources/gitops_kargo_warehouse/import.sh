# By the project and the name of the warehouse.
terraform import gitops_kargo_warehouse.shop shop/shop
