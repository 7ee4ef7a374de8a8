locals {
  settings = provider::gitops::kro_resource_graph_definition_from_yaml(<<-YAML
    apiVersion: kro.run/v1alpha1
    kind: ResourceGraphDefinition
    metadata:
      name: settings
    spec:
      schema:
        apiVersion: v1alpha1
        kind: Settings
        spec:
          name: string
          motto: string | default="none"
      resources:
        - id: config
          template:
            apiVersion: v1
            kind: ConfigMap
            metadata: { name: "$${schema.spec.name}" }
            data: { motto: "$${schema.spec.motto}" }
  YAML
  )
}

resource "gitops_kro_resource_graph_definition" "settings" {
  name      = local.settings.name
  schema    = local.settings.schema
  resources = local.settings.resources
}
