locals {
  yaml = <<-EOT
    apiVersion: v1
    kind: Namespace
    metadata:
      name: shop
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: deployer
      namespace: shop
  EOT

  manifests = {
    for manifest in provider::gitops::manifest_decode_multi(local.yaml) :
    "${manifest.kind}/${manifest.metadata.name}" => manifest
  }
}

# An apply waits for the namespace, whichever of the two comes first.
resource "gitops_manifest" "these" {
  for_each = local.manifests

  manifest = each.value
}
