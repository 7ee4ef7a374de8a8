# A cluster of another account (the spoke) is handed to the Argo CD that Amazon EKS runs in this one
# (the hub), in one apply: each half with the credentials of its own account.

provider "gitops" {
  region  = var.region
  cluster = { name = var.hub_cluster_name }
}

provider "gitops" {
  alias  = "spoke"
  region = var.region

  assume_role {
    role_arn = var.spoke_deployer_role_arn
  }
}

# In the spoke: the role that the hub's Argo CD acts with may deploy there.
resource "gitops_eks_access_entry" "argocd" {
  provider      = gitops.spoke
  cluster_name  = var.spoke_cluster_name
  principal_arn = var.argocd_role_arn

  policy_associations = [{ policy_arn = "AmazonEKSClusterAdminPolicy" }]
}

# In the hub: Argo CD knows the spoke by its ARN. It logs in by the entry, and needs no secret.
resource "gitops_cluster" "spoke" {
  name      = var.spoke_cluster_name
  namespace = var.namespace
  server    = var.spoke_cluster_arn

  labels = { role = "spoke" }

  depends_on = [gitops_eks_access_entry.argocd]
}

# Who looks after the spoke's applications may not touch the hub's, even with Argo CD. This one names
# the cluster and a role for it by itself, as a run without a default cluster would.
resource "gitops_app_project" "spoke" {
  cluster   = { name = var.hub_cluster_name, region = var.region, role_arn = var.hub_role_arn }
  name      = "${var.spoke_cluster_name}-applications"
  namespace = var.namespace

  source_repos      = var.source_repos
  source_namespaces = [var.namespace]
  destinations      = [{ server = gitops_cluster.spoke.server, namespace = "*" }]
}
