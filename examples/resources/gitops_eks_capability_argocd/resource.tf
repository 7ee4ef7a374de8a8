variable "admins" {
  description = "Id of the Identity Center group that administers Argo CD."
  type        = string
}

resource "gitops_eks_capability_argocd" "main" {
  cluster_name = "main"
  role_arn     = "arn:aws:iam::111122223333:role/main-argocd"
  namespace    = "argocd"

  aws_idc = {
    idc_instance_arn = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
    idc_region       = "eu-west-1"
  }

  # Whoever is taken out of here loses access.
  rbac_role_mappings = [
    {
      role       = "ADMIN"
      identities = [{ id = var.admins, type = "SSO_GROUP" }]
    },
    {
      role = "VIEWER"
      identities = [
        { id = "22222222-3333-4444-5555-666666666666", type = "SSO_GROUP" },
        { id = "33333333-4444-5555-6666-777777777777", type = "SSO_USER" },
      ]
    },
  ]

  # Without it, the API and the user interface can be reached from the internet.
  network_access = { vpce_ids = ["vpce-0123456789abcdef0"] }
}
