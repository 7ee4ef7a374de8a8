locals {
  config = provider::gitops::kargo_cluster_config_from_yaml(<<-YAML
    apiVersion: kargo.akuity.io/v1alpha1
    kind: ClusterConfig
    metadata:
      name: cluster
    spec:
      webhookReceivers:
        - name: github
          github:
            secretRef: { name: github-webhook }
  YAML
  )
}

resource "gitops_kargo_cluster_config" "this" {
  webhook_receivers = local.config.webhook_receivers
}
