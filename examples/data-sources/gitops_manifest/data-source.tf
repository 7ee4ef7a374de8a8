# What a controller has made of an object.
data "gitops_manifest" "ingress" {
  api_version = "networking.k8s.io/v1"
  kind        = "Ingress"
  namespace   = "shop"
  name        = "web"
}

output "hostname" {
  value = data.gitops_manifest.ingress.object.status.loadBalancer.ingress[0].hostname
}
