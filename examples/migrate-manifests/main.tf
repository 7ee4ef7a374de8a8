# A configuration that was written for kubernetes_manifest and kubectl_manifest, with the same
# manifests. The first plan moves their states and changes nothing. Until that is applied, the blocks
# required_providers and provider of the two providers stay beside it; then they go, and with them the
# blocks moved.

provider "gitops" {
  region  = var.region
  cluster = { name = var.cluster_name }
}

# Was: resource "kubernetes_manifest" "namespace" { manifest = { … } }
resource "gitops_manifest" "namespace" {
  manifest = {
    apiVersion = "v1"
    kind       = "Namespace"
    metadata   = { name = "shop" }
  }
}

moved {
  from = kubernetes_manifest.namespace
  to   = gitops_manifest.namespace
}

# Was: resource "kubectl_manifest" "settings" { yaml_body = file("…/settings.yaml") }
resource "gitops_manifest" "settings" {
  manifest = provider::gitops::manifest_decode(file("${path.module}/settings.yaml"))
}

moved {
  from = kubectl_manifest.settings
  to   = gitops_manifest.settings
}

locals {
  # Was: data "kubectl_file_documents" "web" { content = file("…/web.yaml") }
  web = {
    for manifest in provider::gitops::manifest_decode_multi(file("${path.module}/web.yaml")) :
    "${manifest.kind}/${manifest.metadata.name}" => manifest
  }
}

# Was: resource "kubectl_manifest" "web" { for_each = data.kubectl_file_documents.web.manifests … }
resource "gitops_manifest" "web" {
  for_each = local.web

  manifest = each.value

  # Was: wait_for_rollout = true
  wait = { rollout = each.value.kind == "Deployment" }

  # The namespace goes after what is in it.
  depends_on = [gitops_manifest.namespace]
}

moved {
  from = kubectl_manifest.web["/api/v1/namespaces/shop/serviceaccounts/web"]
  to   = gitops_manifest.web["ServiceAccount/web"]
}

moved {
  from = kubectl_manifest.web["/apis/apps/v1/namespaces/shop/deployments/web"]
  to   = gitops_manifest.web["Deployment/web"]
}
