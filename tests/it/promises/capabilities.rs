//! The capabilities for ACK and kro, from their first apply to their end.

use gitops_sandbox::eks::{ErrorKind, Operation, Rule};
use serde_json::{Value as Json, json};

use crate::support::cli::Workspace;
use crate::support::sandbox::{Eks, own_eks, own_eks_with, sandbox};

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

variable "actions" {
  type    = list(string)
  default = ["sts:AssumeRole", "sts:TagSession"]
}

variable "disabled" {
  type    = list(string)
  default = ["ec2", "iam"]
}

variable "crosses" {
  type    = bool
  default = null
}

variable "team" {
  type    = string
  default = "a"
}

provider "gitops" {
  region = "eu-west-1"
  default_tags { tags = { team = var.team } }
}

resource "gitops_iam_role" "this" {
  for_each = toset(["first", "second"])
  name     = "${var.prefix}-${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "capabilities.eks.amazonaws.com" }
      Action    = each.key == "first" ? ["sts:AssumeRole", "sts:TagSession"] : var.actions
    }]
  })
}

resource "gitops_eks_capability_ack" "this" {
  cluster_name           = "sandbox"
  role_arn               = gitops_iam_role.this[var.role].arn
  enable_cross_namespace = var.crosses
  disabled_services      = var.disabled
}

resource "gitops_eks_capability_kro" "this" {
  cluster_name = "sandbox"
  role_arn     = gitops_iam_role.this["first"].arn
}
"#;

async fn workspace(name: &str, eks: &Eks) -> Workspace {
    let workspace =
        Workspace::new(sandbox().await, name).with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.write("main.tf", CONFIGURATION);
    workspace.init().await;
    workspace
}

async fn capability(eks: &Eks, name: &str) -> Json {
    let which = json!({ "clusterName": "sandbox", "capabilityName": name });
    eks.boto3("describe_capability", &which).await["capability"].clone()
}

fn role(workspace: &Workspace, name: &str) -> String {
    format!("arn:aws:iam::123456789012:role/{}-{name}", workspace.prefix())
}

/// Whose access entries there are.
fn principals(eks: &Eks) -> Vec<String> {
    let entries = eks.all("accessEntries");
    let arns = entries.iter().map(|entry| entry["principalArn"].as_str().expect("an ARN"));
    arns.map(str::to_owned).collect()
}

#[tokio::test]
async fn ack_and_kro_are_made_changed_and_ended_and_nothing_is_left() {
    let eks = own_eks().await;
    let workspace = workspace("ack-and-kro", &eks).await;
    workspace.apply().await.succeeded().says("4 added");
    let ack = capability(&eks, "ack").await;
    assert_eq!(ack["type"], "ACK");
    assert_eq!(ack["status"], "ACTIVE");
    assert_eq!(ack["roleArn"], role(&workspace, "first"));
    assert_eq!(ack["deletePropagationPolicy"], "RETAIN");
    assert_eq!(ack["tags"], json!({ "team": "a" }));
    let settings = json!({ "enableCrossNamespace": false, "disabledServices": ["ec2", "iam"] });
    assert_eq!(ack["configuration"]["ack"], settings);
    let kro = capability(&eks, "kro").await;
    assert_eq!(kro["type"], "KRO");
    assert_eq!(kro["status"], "ACTIVE");
    assert_eq!(principals(&eks), [role(&workspace, "first")]);
    workspace.plan().await.shows_no_changes();

    let other = workspace
        .clone()
        .with("TF_VAR_crosses", true)
        .with("TF_VAR_disabled", r#"["s3"]"#)
        .with("TF_VAR_team", "b");
    let changes = other.planned().await.changes();
    let fields = &changes["gitops_eks_capability_ack.this"];
    assert_eq!(fields, &["disabled_services", "enable_cross_namespace", "tags_all.team"]);
    assert_eq!(changes["gitops_eks_capability_kro.this"], ["tags_all.team"]);
    other.apply().await.succeeded().says("0 added, 4 changed, 0 destroyed");
    let ack = capability(&eks, "ack").await;
    let settings = json!({ "enableCrossNamespace": true, "disabledServices": ["s3"] });
    assert_eq!(ack["configuration"]["ack"], settings);
    assert_eq!(ack["tags"], json!({ "team": "b" }));
    other.plan().await.shows_no_changes();

    // What is no longer set stays as it is, and all services are on.
    let unset = other.with("TF_VAR_disabled", "null").without("TF_VAR_crosses");
    unset.apply().await.succeeded();
    let ack = capability(&eks, "ack").await;
    let settings = json!({ "enableCrossNamespace": true, "disabledServices": [] });
    assert_eq!(ack["configuration"]["ack"], settings);
    unset.plan().await.shows_no_changes();

    for (address, id) in [
        ("gitops_eks_capability_ack.this", "sandbox,ack"),
        ("gitops_eks_capability_kro.this", "sandbox,kro"),
    ] {
        unset.run(&["state", "rm", address]).await.succeeded();
        unset.run(&["import", "-input=false", "-no-color", address, id]).await.succeeded();
    }
    unset.plan().await.shows_no_changes();

    unset.destroy().await.succeeded();
    let which = json!({ "clusterName": "sandbox" });
    let left = eks.boto3("list_capabilities", &which).await;
    assert_eq!(left["capabilities"], json!([]));
}

/// EKS leaves the entry that it made with a capability, here at least.
#[tokio::test]
async fn the_entry_of_a_role_goes_with_its_last_capability() {
    let eks = own_eks().await;
    let workspace = workspace("last-of-a-role", &eks).await;
    workspace.apply().await.succeeded();
    assert_eq!(principals(&eks), [role(&workspace, "first")]);

    // The entry of the former role is kro's still.
    let second = workspace.with("TF_VAR_role", "second");
    let changes = second.planned().await.changes();
    assert_eq!(changes["gitops_eks_capability_ack.this"], ["role_arn"]);
    second.apply().await.succeeded();
    assert_eq!(principals(&eks), [role(&second, "first"), role(&second, "second")]);
    second.plan().await.shows_no_changes();

    // And nobody's when ACK gets it back.
    let first = second.with("TF_VAR_role", "first");
    first.apply().await.succeeded();
    assert_eq!(principals(&eks), [role(&first, "first")]);

    first
        .run(&[
            "destroy",
            "-input=false",
            "-no-color",
            "-auto-approve",
            "-target=gitops_eks_capability_kro.this",
        ])
        .await
        .succeeded();
    assert_eq!(principals(&eks), [role(&first, "first")], "ACK needs it");
    first.plan().await.shows_changes();
    first.destroy().await.succeeded();
    assert_eq!(principals(&eks), [""; 0]);
}

#[tokio::test]
async fn another_role_is_waited_for_and_a_wrong_one_told() {
    let eks = own_eks().await;
    let workspace = workspace("another-role", &eks).await;
    workspace.apply().await.succeeded();

    let wrong = workspace
        .clone()
        .with("TF_VAR_role", "second")
        .with("TF_VAR_actions", r#"["sts:AssumeRole"]"#);
    let run = wrong.apply().await.failed();
    let run = run.says("does not let capabilities.eks.amazonaws.com call sts:TagSession");
    run.says("in resource \"gitops_eks_capability_ack\" \"this\"");
    assert_eq!(capability(&eks, "ack").await["roleArn"], role(&workspace, "first"));

    // EKS hears of a change of IAM later than IAM itself.
    let refused = Rule::refuse(
        ErrorKind::InvalidParameterException,
        "The trust policy for the provided role is invalid.",
    );
    eks.faults().add(refused.of(Operation::UpdateCapability).times(2));
    let right = workspace.with("TF_VAR_role", "second");
    right.apply().await.succeeded();
    assert_eq!(capability(&eks, "ack").await["roleArn"], role(&right, "second"));
    right.plan().await.shows_no_changes();
    right.destroy().await.succeeded();
}

/// What was being made when a run was killed is waited for, whatever its type.
#[tokio::test]
async fn a_capability_that_is_there_is_adopted_and_brought_in_line() {
    let eks = own_eks_with(std::time::Duration::from_millis(300)).await;
    let workspace = workspace("adopted-ack", &eks).await;
    let roles =
        ["apply", "-input=false", "-no-color", "-auto-approve", "-target=gitops_iam_role.this"];
    workspace.run(&roles).await.succeeded();
    let made = json!({
        "clusterName": "sandbox", "capabilityName": "ack", "type": "ACK",
        "roleArn": role(&workspace, "second"), "deletePropagationPolicy": "RETAIN",
        "configuration": { "ack": { "enableCrossNamespace": true } },
    });
    eks.boto3("create_capability", &made).await;

    let run = workspace.apply().await.succeeded();
    run.says("Warning: Adopted an existing capability");
    let ack = capability(&eks, "ack").await;
    assert_eq!(ack["roleArn"], role(&workspace, "first"));
    // What the configuration leaves open stays as it was found.
    let settings = json!({ "enableCrossNamespace": true, "disabledServices": ["ec2", "iam"] });
    assert_eq!(ack["configuration"]["ack"], settings);
    assert_eq!(ack["tags"], json!({ "team": "a" }));
    assert_eq!(eks.call_count(Operation::CreateCapability), 3);
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
}

/// A cluster has one capability of a type, whatever its name.
#[tokio::test]
async fn a_second_capability_of_a_type_is_refused_with_the_way_to_find_the_first() {
    let eks = own_eks().await;
    let workspace = workspace("second-kro", &eks).await;
    workspace.apply().await.succeeded();
    workspace.write(
        "second.tf",
        r#"
resource "gitops_eks_capability_kro" "second" {
  cluster_name    = "sandbox"
  capability_name = "second"
  role_arn        = gitops_iam_role.this["first"].arn
}
"#,
    );
    let run = workspace.apply().await.failed();
    run.says("in resource \"gitops_eks_capability_kro\" \"second\"").says("list-capabilities");
    workspace.remove("second.tf");
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
}
