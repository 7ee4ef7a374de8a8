locals {
  promote = provider::gitops::kargo_promotion_task_from_yaml(<<-YAML
    apiVersion: kargo.akuity.io/v1alpha1
    kind: PromotionTask
    metadata:
      name: promote
      namespace: shop
    spec:
      vars:
        - name: branch
          value: main
      steps:
        - uses: git-clone
          config:
            repoURL: https://github.com/example/shop
            checkout:
              - branch: $${{ vars.branch }}
                path: ./src
  YAML
  )
}

resource "gitops_kargo_promotion_task" "promote" {
  name      = local.promote.name
  namespace = local.promote.namespace
  vars      = local.promote.vars
  steps     = local.promote.steps
}
