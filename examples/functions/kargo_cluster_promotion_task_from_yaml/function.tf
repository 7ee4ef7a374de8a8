locals {
  notify = provider::gitops::kargo_cluster_promotion_task_from_yaml(<<-YAML
    apiVersion: kargo.akuity.io/v1alpha1
    kind: ClusterPromotionTask
    metadata:
      name: notify
    spec:
      vars:
        - name: channel
          value: deployments
      steps:
        - uses: http
          config:
            method: POST
            url: https://chat.example.com/hooks/$${{ vars.channel }}
  YAML
  )
}

resource "gitops_kargo_cluster_promotion_task" "notify" {
  name  = local.notify.name
  vars  = local.notify.vars
  steps = local.notify.steps
}
