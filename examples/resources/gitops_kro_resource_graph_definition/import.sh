# By the name of the definition.
terraform import gitops_kro_resource_graph_definition.web_application webapplication
