//! Data sources about the capabilities and associations of a cluster, read by the real tools.

use serde_json::{Value as Json, json};

use super::PROVIDER;
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{own_eks, sandbox};

const CONFIGURATION: &str = r#"
variable "prefix" { type = string }

variable "name" {
  type    = string
  default = "ack"
}

provider "gitops" {
  region = "eu-west-1"
  ignore_tags { keys = ["cost"] }
}

resource "gitops_iam_role" "this" {
  for_each           = toset(["capabilities", "pods"])
  name               = "${var.prefix}-${each.key}"
  assume_role_policy = each.key == "pods" ? provider::gitops::pod_identity_trust_policy() : provider::gitops::capability_trust_policy()
}

resource "gitops_eks_capability_ack" "this" {
  cluster_name      = "sandbox"
  role_arn          = gitops_iam_role.this["capabilities"].arn
  disabled_services = ["s3"]
  tags              = { team = "a" }
}

resource "gitops_eks_capability_argocd" "this" {
  cluster_name = "sandbox"
  role_arn     = gitops_iam_role.this["capabilities"].arn
  aws_idc      = { idc_instance_arn = "arn:aws:sso:::instance/ssoins-0123456789abcdef" }

  rbac_role_mappings = [{ role = "ADMIN", identities = [{ id = "alice", type = "SSO_USER" }] }]
}

resource "gitops_pod_identity_association" "this" {
  for_each        = toset(["web", "api"])
  cluster_name    = "sandbox"
  namespace       = "shop"
  service_account = each.key
  role_arn        = gitops_iam_role.this["pods"].arn
}

resource "gitops_pod_identity_association" "other" {
  cluster_name    = "sandbox"
  namespace       = "other"
  service_account = "web"
  role_arn        = gitops_iam_role.this["pods"].arn
}

data "gitops_eks_capability" "ack" {
  cluster_name    = "sandbox"
  capability_name = var.name
  depends_on      = [gitops_eks_capability_ack.this]
}

data "eks_capability" "argocd" {
  provider     = gitops
  cluster_name = "sandbox"
  type         = "ARGOCD"
  depends_on   = [gitops_eks_capability_argocd.this]
}

data "gitops_eks_capabilities" "all" {
  cluster_name = "sandbox"
  depends_on   = [gitops_eks_capability_ack.this, gitops_eks_capability_argocd.this]
}

data "gitops_eks_capabilities" "kro" {
  cluster_name = "sandbox"
  type         = "KRO"
}

data "gitops_pod_identity_associations" "all" {
  cluster_name = "sandbox"
  depends_on   = [gitops_pod_identity_association.this, gitops_pod_identity_association.other]
}

data "gitops_pod_identity_associations" "shop" {
  cluster_name = "sandbox"
  namespace    = "shop"
  depends_on   = [gitops_pod_identity_association.this]
}

data "gitops_pod_identity_associations" "api" {
  cluster_name    = "sandbox"
  namespace       = "shop"
  service_account = "api"
  depends_on      = [gitops_pod_identity_association.this]
}

output "ack" { value = data.gitops_eks_capability.ack }
output "argocd" { value = data.eks_capability.argocd }
output "all" { value = data.gitops_eks_capabilities.all.capabilities }
output "kro" { value = data.gitops_eks_capabilities.kro.capabilities }
output "associations" {
  value = {
    all  = data.gitops_pod_identity_associations.all.associations
    shop = data.gitops_pod_identity_associations.shop.associations
    api  = data.gitops_pod_identity_associations.api.associations
  }
}
"#;

#[tokio::test]
async fn capabilities_and_associations_are_read() {
    read(Cli::Tofu).await;
}

#[tokio::test]
async fn capabilities_and_associations_are_read_under_terraform() {
    read(Cli::Terraform).await;
}

async fn read(cli: Cli) {
    let sandbox = sandbox().await;
    let eks = own_eks().await;
    // However many pages it takes.
    eks.faults().set_page_limit(Some(1));
    let name = format!("data-capabilities-{}", cli.name());
    let workspace =
        Workspace::new(sandbox, &name).under(cli).with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.write("main.tf", &format!("{PROVIDER}{CONFIGURATION}"));
    workspace.init().await;
    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();

    let shown = workspace.run(&["output", "-json"]).await.succeeded();
    let outputs: Json = serde_json::from_str(&shown.output).expect("outputs");
    let value = |name: &str| outputs[name]["value"].clone();
    let role = format!("arn:aws:iam::123456789012:role/{}-capabilities", workspace.prefix());

    let ack = value("ack");
    let expected = eks.one("capabilities", "capabilityName", "ack");
    assert_eq!(ack["type"], "ACK");
    assert_eq!(ack["status"], "ACTIVE");
    assert_eq!(ack["arn"], expected["arn"]);
    assert_eq!(ack["role_arn"], role);
    assert_eq!(ack["tags"], json!({ "team": "a" }));
    assert_eq!(ack["health"], json!({ "issues": [] }));
    assert_eq!(ack["server_url"], Json::Null);
    let settings = json!({ "enable_cross_namespace": false, "disabled_services": ["s3"] });
    assert_eq!(ack["configuration"], json!({ "ack": settings, "argo_cd": null }));
    let created = ack["created_at"].as_str().expect("a time");
    assert!(created.starts_with("20") && created.ends_with('Z'), "{created}");

    let argocd = value("argocd");
    assert_eq!(argocd["capability_name"], "argocd");
    let expected = eks.one("capabilities", "capabilityName", "argocd");
    assert_eq!(argocd["server_url"], expected["configuration"]["argoCd"]["serverUrl"]);
    assert_eq!(argocd["version"], expected["version"]);
    let settings = &argocd["configuration"]["argo_cd"];
    assert_eq!(settings["namespace"], "argocd");
    assert_eq!(settings["rbac_role_mappings"][0]["identities"][0]["id"], "alice");

    let all = value("all");
    assert_eq!([&all[0]["type"], &all[1]["type"]], ["ACK", "ARGOCD"]);
    assert_eq!(all[1]["status"], "ACTIVE");
    assert_eq!(value("kro"), json!([]));

    let associations = value("associations");
    let service_accounts = |which: &str| -> Vec<String> {
        let found = associations[which].as_array().expect("a list").iter();
        let text = |one: &Json, name: &str| one[name].as_str().expect("a text").to_owned();
        let name = |one| format!("{}/{}", text(one, "namespace"), text(one, "service_account"));
        found.map(name).collect()
    };
    assert_eq!(service_accounts("all"), ["other/web", "shop/api", "shop/web"]);
    assert_eq!(service_accounts("shop"), ["shop/api", "shop/web"]);
    assert_eq!(service_accounts("api"), ["shop/api"]);
    let api = eks.one("podIdentityAssociations", "serviceAccount", "api");
    assert_eq!(associations["api"][0]["association_id"], api["associationId"]);
    assert_eq!(associations["api"][0]["owner_arn"], Json::Null);

    let wrong = workspace.clone().with("TF_VAR_name", "nothing").plan().await.failed();
    let wrong = wrong.says("Reading data source gitops_eks_capability");
    wrong.says("No capability found for name: nothing").says("gitops_eks_capabilities");
    eks.faults().clear();
    workspace.destroy().await.succeeded();
}

#[tokio::test]
async fn a_capability_of_a_type_that_is_not_there_is_an_error_at_the_type() {
    let eks = own_eks().await;
    let workspace = Workspace::new(sandbox().await, "data-no-capability")
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    let ask = |what: &str| {
        format!(
            "{PROVIDER}\nprovider \"gitops\" {{ region = \"eu-west-1\" }}\n\
             data \"gitops_eks_capability\" \"this\" {{\n  cluster_name = \"sandbox\"\n  {what}\n}}\n"
        )
    };
    workspace.write("main.tf", &ask("type = \"KRO\""));
    workspace.init().await;
    let run = workspace.plan().await.failed();
    let run = run.says("The cluster \"sandbox\" has no capability of type KRO");
    run.says("type = \"KRO\"");
    workspace.write("main.tf", &ask(""));
    workspace.plan().await.failed().says("Which capability is not said");
    workspace.write("main.tf", &ask("type = \"HELM\""));
    workspace.plan().await.failed().says("ARGOCD");
}
