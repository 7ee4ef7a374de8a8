output "yaml" {
  value = provider::gitops::manifest_encode({
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "settings", namespace = "shop" }
    data       = { enabled = "yes" }
  })
}
