locals {
  yaml = <<-EOT
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: settings
      namespace: shop
    data:
      enabled: "yes"
  EOT
}

resource "gitops_manifest" "settings" {
  manifest = provider::gitops::manifest_decode(local.yaml)
}
