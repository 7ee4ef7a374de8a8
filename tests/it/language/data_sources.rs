//! Data sources, read by the real tools.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};

use super::PROVIDER;
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{own_eks, sandbox};

const CONFIGURATION: &str = r#"
variable "prefix" { type = string }

variable "name" {
  type    = string
  default = "sandbox"
}

provider "gitops" {
  region = "eu-west-1"
  ignore_tags { keys = ["cost"] }
}

data "gitops_eks_cluster" "this" {
  name = var.name
}

data "eks_cluster" "short" {
  provider = gitops
  name     = var.name
  region   = "eu-west-1"
}

resource "gitops_iam_role" "shop" {
  name               = var.prefix
  assume_role_policy = provider::gitops::irsa_trust_policy(data.gitops_eks_cluster.this.oidc_provider_arn, "shop:api")
}

# Read when applied: its name is known only then.
data "gitops_eks_cluster" "later" {
  name = trimprefix(gitops_iam_role.shop.arn, gitops_iam_role.shop.arn) == "" ? "sandbox" : ""
}

output "cluster" { value = data.gitops_eks_cluster.this }
output "short" { value = data.eks_cluster.short }
output "later" { value = data.gitops_eks_cluster.later }
"#;

#[tokio::test]
async fn a_cluster_is_read() {
    read(Cli::Tofu).await;
}

#[tokio::test]
async fn a_cluster_is_read_under_terraform() {
    read(Cli::Terraform).await;
}

async fn read(cli: Cli) {
    let sandbox = sandbox().await;
    let eks = own_eks().await;
    let name = format!("data-sources-{}", cli.name());
    let workspace =
        Workspace::new(sandbox, &name).under(cli).with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.write("main.tf", &format!("{PROVIDER}{CONFIGURATION}"));
    workspace.init().await;
    workspace.apply().await.succeeded().says("1 added");
    workspace.plan().await.shows_no_changes();

    let shown = workspace.run(&["output", "-json"]).await.succeeded();
    let outputs: Json = serde_json::from_str(&shown.output).expect("outputs");
    let cluster = &outputs["cluster"]["value"];
    let control_plane = sandbox.control_plane();
    let authority = BASE64_STANDARD.encode(control_plane.ca_pem());
    assert_eq!(cluster["endpoint"], control_plane.endpoint());
    assert_eq!(cluster["certificate_authority"]["data"], authority);
    let arn = cluster["arn"].as_str().expect("an ARN");
    assert!(
        arn.starts_with("arn:aws:eks:eu-west-1:") && arn.ends_with(":cluster/sandbox"),
        "{arn}"
    );
    assert_eq!(cluster["status"], "ACTIVE");
    assert_eq!(cluster["platform_version"], "eks.1");
    assert_eq!(cluster["region"], Json::Null);
    assert_eq!(cluster["access_config"]["authentication_mode"], "API_AND_CONFIG_MAP");
    assert_eq!(cluster["vpc_config"]["public_access_cidrs"], json!(["0.0.0.0/0"]));
    assert_eq!(cluster["tags"], json!({}));
    let issuer = cluster["identity"]["oidc"]["issuer"].as_str().expect("an issuer");
    let provider = cluster["oidc_provider_arn"].as_str().expect("an ARN");
    assert!(provider.ends_with(issuer.trim_start_matches("https://")), "{provider}");

    let short = &outputs["short"]["value"];
    assert_eq!(short["region"], "eu-west-1");
    assert_eq!(short["arn"], cluster["arn"]);
    assert_eq!(outputs["later"]["value"]["arn"], cluster["arn"]);

    let wrong = workspace.clone().with("TF_VAR_name", "nowhere").plan().await.failed();
    let wrong =
        wrong.says("Reading data source gitops_eks_cluster").says("ResourceNotFoundException");
    wrong.says("Check the name \"nowhere\"");
    workspace.destroy().await.succeeded();
}
