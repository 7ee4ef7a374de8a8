//! Functions, evaluated by the real tools.

use serde_json::{Value as Json, json};

use super::PROVIDER;
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{own_eks, sandbox};

const OUTPUTS: &str = r#"
variable "arn" {
  type    = string
  default = "arn:aws:eks:eu-west-1:123456789012:cluster/main"
}

output "arn" {
  value = provider::gitops::cluster_arn("cn-north-1", "123456789012", "main")
}

output "parts" {
  value = provider::gitops::parse_arn(var.arn)
}

output "capability" {
  value = jsondecode(provider::gitops::capability_trust_policy())
}

output "ecr" {
  value = jsondecode(provider::gitops::ecr_read_policy("arn:aws:ecr:eu-west-1:123456789012:repository/shop"))
}

output "argocd" {
  value = [for document in [
    provider::gitops::codecommit_pull_policy("arn:aws:codecommit:eu-west-1:123456789012:shop"),
    provider::gitops::codeconnections_use_policy("arn:aws:codeconnections:eu-west-1:123456789012:connection/0123abcd"),
    provider::gitops::secrets_manager_read_policy("arn:aws:secretsmanager:eu-west-1:123456789012:secret:argocd/*"),
    provider::gitops::role_assume_policy("arn:aws:iam::123456789012:role/kargo-project-*"),
  ] : jsondecode(document).Statement[0].Action]
}

output "trust" {
  value = jsondecode(provider::gitops::role_trust_policy("arn:aws:iam::123456789012:role/kargo"))
}

output "github" {
  value = jsondecode(provider::gitops::github_actions_trust_policy(
    "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", "example/shop:*",
  ))
}

output "stage" {
  value = provider::gitops::authorized_stage("shop", "uat", "prod")
}

output "graph" {
  value = provider::gitops::promotion_graph(
    [{ name = "shop" }],
    {
      b = { name = "prod", requested_freight = [{ origin = { name = "shop" }, sources = { stages = ["dev"] } }] }
      a = { name = "dev", requested_freight = [{ origin = { name = "shop" }, sources = { direct = true } }] }
    },
  )
}

output "irsa" {
  value = jsondecode(provider::gitops::irsa_trust_policy("arn:aws:iam::123456789012:oidc-provider/issuer", ["shop:api", "shop:web"]...))
}
"#;

#[tokio::test]
async fn functions_are_evaluated_without_a_provider_block() {
    evaluated(Cli::Tofu).await;
}

#[tokio::test]
async fn functions_are_evaluated_by_terraform() {
    evaluated(Cli::Terraform).await;
}

async fn evaluated(cli: Cli) {
    let name = format!("functions-{}", cli.name());
    let workspace = Workspace::new(sandbox().await, &name).under(cli);
    workspace.write("main.tf", &format!("{PROVIDER}{OUTPUTS}"));
    workspace.init().await;
    workspace.run(&["validate", "-no-color"]).await.succeeded();
    workspace.apply().await.succeeded();
    let shown = workspace.run(&["output", "-json"]).await.succeeded();
    let outputs: Json = serde_json::from_str(&shown.output).expect("outputs");
    let value = |name: &str| &outputs[name]["value"];
    assert_eq!(value("arn"), "arn:aws-cn:eks:cn-north-1:123456789012:cluster/main");
    assert_eq!(
        *value("parts"),
        json!({
            "partition": "aws",
            "service": "eks",
            "region": "eu-west-1",
            "account_id": "123456789012",
            "resource": "cluster/main",
            "resource_type": "cluster",
            "resource_id": "main",
        })
    );
    assert_eq!(value("stage"), "shop:uat,shop:prod");
    assert_eq!(value("graph")["order"], json!(["dev", "prod"]));
    assert_eq!(value("graph")["upstreams"], json!({"dev": [], "prod": ["dev"]}));
    let statement = |name: &str| &value(name)["Statement"][0];
    let principal = &statement("capability")["Principal"];
    assert_eq!(principal["Service"], "capabilities.eks.amazonaws.com");
    assert_eq!(statement("ecr")["Action"], "ecr:GetAuthorizationToken");
    assert_eq!(
        *value("argocd"),
        json!([
            "codecommit:GitPull",
            ["codeconnections:GetConnection", "codeconnections:UseConnection"],
            ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
            ["sts:AssumeRole", "sts:TagSession"],
        ])
    );
    assert_eq!(statement("trust")["Principal"]["AWS"], "arn:aws:iam::123456789012:role/kargo");
    let condition = &statement("github")["Condition"]["StringLike"];
    assert_eq!(condition["token.actions.githubusercontent.com:sub"], "repo:example/shop:*");
    assert_eq!(
        statement("irsa")["Condition"]["StringEquals"]["issuer:sub"],
        json!(["system:serviceaccount:shop:api", "system:serviceaccount:shop:web"])
    );

    // What is wrong is said at the argument.
    let wrong = workspace.with("TF_VAR_arn", "cluster/main").plan().await.failed();
    let wrong = wrong.says("Invalid value for \"arn\" parameter");
    wrong.says("\"cluster/main\" is not an ARN");
}

#[tokio::test]
async fn the_policies_are_what_eks_asks_of_a_role() {
    let eks = own_eks().await;
    let workspace = Workspace::new(sandbox().await, "function-policies")
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    let configuration = r#"
variable "prefix" { type = string }

provider "gitops" { region = "eu-west-1" }

resource "gitops_iam_role" "shop" {
  name               = "${var.prefix}-shop"
  assume_role_policy = provider::gitops::pod_identity_trust_policy("shop:api", "pay:*")
  inline_policies = {
    ecr = provider::gitops::ecr_read_policy("arn:aws:ecr:eu-west-1:123456789012:repository/shop/*")
  }
}

# As Kargo takes it for the project "shop", from its own role.
resource "gitops_iam_role" "project" {
  name               = "${var.prefix}-kargo-project-shop"
  assume_role_policy = provider::gitops::role_trust_policy(gitops_iam_role.shop.arn)
}

resource "gitops_pod_identity_association" "shop" {
  cluster_name    = "sandbox"
  namespace       = "shop"
  service_account = "api"
  role_arn        = gitops_iam_role.shop.arn
}

resource "gitops_iam_role" "argocd" {
  name               = "${var.prefix}-argocd"
  assume_role_policy = provider::gitops::capability_trust_policy()
  inline_policies = {
    git         = provider::gitops::codeconnections_use_policy("arn:aws:codeconnections:eu-west-1:123456789012:connection/0123abcd")
    manifests   = provider::gitops::codecommit_pull_policy("arn:aws:codecommit:eu-west-1:123456789012:shop-*")
    projects    = provider::gitops::role_assume_policy("arn:aws:iam::123456789012:role/kargo-project-*")
    credentials = provider::gitops::secrets_manager_read_policy(
      "arn:aws:secretsmanager:eu-west-1:123456789012:secret:argocd/*",
      "arn:aws:kms:eu-west-1:123456789012:key/0123abcd-0123-0123-0123-0123456789ab",
    )
  }
}

resource "gitops_eks_capability_argocd" "main" {
  cluster_name = "sandbox"
  role_arn     = gitops_iam_role.argocd.arn
  aws_idc      = { idc_instance_arn = "arn:aws:sso:::instance/ssoins-0123456789abcdef" }
}
"#;
    workspace.write("main.tf", &format!("{PROVIDER}{configuration}"));
    workspace.init().await;
    workspace.apply().await.succeeded().says("5 added");
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded().says("5 destroyed");
}
