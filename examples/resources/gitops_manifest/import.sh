# By API version, kind, namespace and name; without the namespace for an object of the whole cluster.
terraform import gitops_manifest.settings apiVersion=v1,kind=ConfigMap,namespace=shop,name=settings
