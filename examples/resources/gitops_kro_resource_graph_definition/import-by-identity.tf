import {
  to = gitops_kro_resource_graph_definition.web_application

  identity = {
    name = "webapplication"
  }
}
