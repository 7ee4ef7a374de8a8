# A release that was tested elsewhere. Its name follows from what is in it.
resource "gitops_kargo_freight" "release" {
  namespace = "shop"
  alias     = "release-1.4"
  origin    = { name = "shop" }

  commits = [{
    repo_url = "https://github.com/example/shop"
    id       = "43feb2cc391377fd21f19c4b7841805ef3cc0e68"
  }]

  images = [{
    repo_url = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop"
    tag      = "1.4.0"
    digest   = "sha256:08c144547bb9c9099ea80fe305a17c30966c9b41739db93269db4eb7f04e5e96"
  }]
}
