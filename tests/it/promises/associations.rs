//! Pod identity associations, from their first apply to their end.

use std::time::Duration;

use gitops_sandbox::eks::Operation;
use serde_json::{Value as Json, json};

use crate::support::cli::Workspace;
use crate::support::sandbox::{Eks, own_eks, sandbox};

const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

variable "prefix" { type = string }

variable "role" {
  type    = string
  default = "first"
}

variable "trusted" {
  type    = string
  default = "pods"
}

variable "narrow" {
  type    = bool
  default = true
}

provider "gitops" {
  region = "eu-west-1"
}

resource "gitops_iam_role" "this" {
  for_each = toset(["first", "second"])
  name     = "${var.prefix}-${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "${each.key == "first" ? "pods" : var.trusted}.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
    }]
  })
}

resource "gitops_pod_identity_association" "this" {
  cluster_name    = "sandbox"
  namespace       = "shop"
  service_account = "web"
  role_arn        = gitops_iam_role.this[var.role].arn

  # A role of another account.
  target_role_arn      = var.narrow ? "arn:aws:iam::210987654321:role/shop" : null
  disable_session_tags = var.narrow ? true : null

  policy = var.narrow ? jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }]
  }) : null

  tags = { purpose = "test" }
}
"#;

async fn workspace(name: &str, eks: &Eks) -> Workspace {
    let workspace =
        Workspace::new(sandbox().await, name).with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.write("main.tf", CONFIGURATION);
    workspace.init().await;
    workspace
}

async fn association(eks: &Eks) -> Json {
    let id = eks.only("podIdentityAssociations")["associationId"].clone();
    let which = json!({ "clusterName": "sandbox", "associationId": id });
    eks.boto3("describe_pod_identity_association", &which).await["association"].clone()
}

#[tokio::test]
async fn an_association_has_all_that_the_api_has_and_loses_what_is_no_longer_set() {
    let eks = own_eks().await;
    let workspace = workspace("narrow-association", &eks).await;
    workspace.apply().await.succeeded();
    let made = association(&eks).await;
    assert_eq!(made["targetRoleArn"], "arn:aws:iam::210987654321:role/shop");
    assert_eq!(made["disableSessionTags"], true);
    let policy: Json = serde_json::from_str(made["policy"].as_str().expect("a policy")).unwrap();
    assert_eq!(policy["Statement"][0]["Action"], "s3:GetObject");
    assert_eq!(made["tags"], json!({ "purpose": "test" }));
    let stored = workspace.resources();
    let stored =
        stored.iter().find(|resource| resource["type"] == "gitops_pod_identity_association");
    let stored = &stored.expect("in the state")["instances"][0]["attributes"];
    assert_eq!(stored["external_id"], made["externalId"]);
    assert_eq!(stored["owner_arn"], Json::Null);
    workspace.plan().await.shows_no_changes();

    let wide = workspace.with("TF_VAR_narrow", false).with("TF_VAR_role", "second");
    let changes = wide.planned().await.changes();
    let fields = &changes["gitops_pod_identity_association.this"];
    let expected =
        ["disable_session_tags", "policy", "role_arn", "target_role_arn", "external_id?"];
    assert_eq!(fields, &expected);
    wide.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    let after = association(&eks).await;
    assert_eq!(after["associationId"], made["associationId"]);
    assert_eq!(after["disableSessionTags"], false);
    assert_eq!(after["targetRoleArn"], Json::Null);
    assert_eq!(after["policy"], Json::Null);
    assert!(after["roleArn"].as_str().expect("a role").ends_with("-second"));
    wide.plan().await.shows_no_changes();
    wide.destroy().await.succeeded();
    assert_eq!(eks.all("podIdentityAssociations"), [Json::Null; 0]);
}

#[tokio::test]
async fn another_role_that_pods_may_not_assume_is_told_at_once() {
    let eks = own_eks().await;
    let workspace = workspace("untrusting-association", &eks).await;
    workspace.apply().await.succeeded();
    let made = association(&eks).await;

    let wrong = workspace.clone().with("TF_VAR_role", "second").with("TF_VAR_trusted", "fargate");
    let run = wrong.apply().await.failed();
    let run = run.says("does not let pods.eks.amazonaws.com call sts:AssumeRole");
    assert!(run.took < Duration::from_secs(30), "{run}");
    assert_eq!(eks.call_count(Operation::UpdatePodIdentityAssociation), 1);
    assert_eq!(association(&eks).await["roleArn"], made["roleArn"]);

    let right = workspace.with("TF_VAR_role", "second");
    right.apply().await.succeeded();
    right.plan().await.shows_no_changes();
    right.destroy().await.succeeded();
}
