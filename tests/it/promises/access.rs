//! Access entries: changed without a moment in which the principal has no access, made anew when
//! they let nobody in, and given back as they were found.

use std::time::Duration;

use gitops_sandbox::eks::Operation;
use gitops_sandbox::eks_api::segment;
use http::Method;
use serde_json::{Value as Json, json};

use super::capability::workspace;
use crate::support::cli::Workspace;
use crate::support::sandbox::{Eks, iam, own_eks, sandbox};

#[tokio::test]
async fn the_scope_of_an_access_policy_changes_in_place() {
    let eks = own_eks().await;
    let workspace = workspace("scope", &eks).await;
    workspace.apply().await.succeeded();
    eks.forget_calls();

    let wider = workspace.with("TF_VAR_namespaces", r#"["shop", "shop-test"]"#);
    let changes = wider.planned().await.changes();
    let names: Vec<_> = changes.keys().map(String::as_str).collect();
    assert_eq!(names, ["gitops_eks_access_entry.pods"]);
    assert_eq!(
        changes["gitops_eks_access_entry.pods"],
        ["policy_associations[0].access_scope.namespaces"]
    );
    wider.apply().await.succeeded();

    let changing: Vec<_> = eks
        .calls()
        .into_iter()
        .filter(|call| !call.request.starts_with("GET "))
        .map(|call| (call.operation, call.body))
        .collect();
    let [(Some(Operation::AssociateAccessPolicy), body)] = &changing[..] else {
        panic!("other calls than one to change the scope: {changing:#?}")
    };
    let mut namespaces: Vec<_> =
        body["accessScope"]["namespaces"].as_array().expect("namespaces").clone();
    namespaces.sort_by_key(Json::to_string);
    assert_eq!(namespaces, [json!("shop"), json!("shop-test")]);
    wider.plan().await.shows_no_changes();
}

/// An entry for a role that is not managed here.
const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

variable "prefix" { type = string }

provider "gitops" {
  region = "eu-west-1"
}

resource "gitops_eks_access_entry" "this" {
  cluster_name      = "sandbox"
  principal_arn     = "arn:aws:iam::123456789012:role/${var.prefix}"
  kubernetes_groups = ["ci"]

  policy_associations = [
    { policy_arn = "AmazonEKSViewPolicy" },
    {
      policy_arn   = "AmazonEKSEditPolicy"
      access_scope = { type = "namespace", namespaces = ["shop-*"] }
    },
  ]

  tags = { team = "ours" }
}
"#;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// A configuration of an entry, and its role.
struct Entry {
    eks: Eks,
    workspace: Workspace,
}

impl Entry {
    async fn new(name: &str) -> Self {
        let eks = own_eks().await;
        let workspace =
            Workspace::new(sandbox().await, name).with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
        workspace.write("main.tf", CONFIGURATION);
        workspace.init().await;
        let entry = Self { eks, workspace };
        entry.make_role().await;
        entry
    }

    fn principal(&self) -> String {
        format!("arn:aws:iam::123456789012:role/{}", self.workspace.prefix())
    }

    async fn make_role(&self) {
        let iam = iam(sandbox().await);
        let call = iam.create_role().role_name(self.workspace.prefix());
        call.assume_role_policy_document(TRUST).send().await.expect("a role");
    }

    async fn delete_role(&self) {
        let iam = iam(sandbox().await);
        let call = iam.delete_role().role_name(self.workspace.prefix());
        call.send().await.expect("no role any more");
    }

    /// Another role of the same name, made in another second.
    async fn make_role_anew(&self) {
        self.delete_role().await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
        self.make_role().await;
    }

    /// Makes the entry by the API, as EKS or somebody else would, with a policy.
    async fn make_before(&self) {
        let entry = json!({
            "clusterName": "sandbox", "principalArn": self.principal(), "username": "somebody",
            "kubernetesGroups": ["viewers"], "tags": { "team": "theirs", "cost": "7" },
        });
        self.eks.boto3("create_access_entry", &entry).await;
        let scope = json!({ "type": "namespace", "namespaces": ["theirs"] });
        self.associate("AmazonEKSViewPolicy", &scope).await;
    }

    async fn associate(&self, policy: &str, scope: &Json) {
        let policy = format!("arn:aws:eks::aws:cluster-access-policy/{policy}");
        let association = json!({
            "clusterName": "sandbox", "principalArn": self.principal(), "policyArn": policy,
            "accessScope": scope,
        });
        self.eks.boto3("associate_access_policy", &association).await;
    }

    /// The entry, as boto3 has it.
    async fn found(&self) -> Json {
        let which = json!({ "clusterName": "sandbox", "principalArn": self.principal() });
        self.eks.boto3("describe_access_entry", &which).await["accessEntry"].clone()
    }

    /// The namespaces of each policy by its name.
    async fn policies(&self) -> Json {
        let which = json!({ "clusterName": "sandbox", "principalArn": self.principal() });
        let found = self.eks.boto3("list_associated_access_policies", &which).await;
        let found = found["associatedAccessPolicies"].as_array().expect("policies").iter();
        let by_name = found.map(|policy| {
            let name = policy["policyArn"].as_str().expect("an ARN").rsplit('/').next();
            (name.expect("a name").to_owned(), policy["accessScope"]["namespaces"].clone())
        });
        by_name.collect::<serde_json::Map<_, _>>().into()
    }
}

#[tokio::test]
async fn an_entry_whose_role_was_made_anew_is_made_anew_with_all_that_it_has() {
    let entry = Entry::new("role-made-anew").await;
    entry.workspace.apply().await.succeeded();
    entry.workspace.plan().await.shows_no_changes();
    let before = entry.found().await;
    // Somebody else's, which the configuration does not know.
    entry.associate("AmazonEKSSecretReaderPolicy", &json!({ "type": "cluster" })).await;
    entry.workspace.plan().await.shows_no_changes();

    // Without the role nothing can be done, and a refresh goes on.
    entry.delete_role().await;
    entry.workspace.plan().await.shows_no_changes();
    // A new role is another one, even if it is as old as the entry.
    entry.make_role().await;
    let run = entry.workspace.plan().await.shows_changes();
    run.says("Warning: The access entry lets nobody in").says(&entry.principal());
    let changes = entry.workspace.planned().await.changes();
    assert_eq!(changes["gitops_eks_access_entry.this"], ["access_entry_arn?"]);
    assert_eq!(changes.len(), 1);
    entry.workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");

    let after = entry.found().await;
    assert_ne!(after["accessEntryArn"], before["accessEntryArn"], "it is the old one");
    for kept in ["kubernetesGroups", "username", "tags", "type"] {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    let policies = json!({
        "AmazonEKSViewPolicy": [], "AmazonEKSEditPolicy": ["shop-*"],
        "AmazonEKSSecretReaderPolicy": [],
    });
    assert_eq!(entry.policies().await, policies);
    entry.workspace.plan().await.shows_no_changes();
    entry.workspace.destroy().await.succeeded();
    assert_eq!(entry.eks.all("accessEntries"), [Json::Null; 0]);
}

#[tokio::test]
async fn an_entry_that_was_made_for_a_former_role_is_adopted_alive() {
    let entry = Entry::new("dead-and-adopted").await;
    entry.make_before().await;
    let before = entry.found().await;
    entry.make_role_anew().await;

    let run = entry.workspace.apply().await.succeeded();
    run.says("Warning: Adopted an existing access entry");
    assert_ne!(entry.found().await["accessEntryArn"], before["accessEntryArn"]);
    entry.workspace.plan().await.shows_no_changes();
    entry.workspace.destroy().await.succeeded();
    assert_eq!(entry.found().await["kubernetesGroups"], json!(["viewers"]));
}

#[tokio::test]
async fn an_adopted_entry_is_given_back_as_it_was_found() {
    let entry = Entry::new("given-back").await;
    entry.make_before().await;
    let before = entry.found().await;
    assert_eq!(entry.policies().await, json!({ "AmazonEKSViewPolicy": ["theirs"] }));

    let run = entry.workspace.apply().await.succeeded();
    run.says("Warning: Adopted an existing access entry");
    let adopted = entry.found().await;
    assert_eq!(adopted["accessEntryArn"], before["accessEntryArn"]);
    assert_eq!(adopted["kubernetesGroups"], json!(["ci"]));
    assert_eq!(adopted["username"], "somebody", "the configuration has no name for it");
    assert_eq!(adopted["tags"], json!({ "team": "ours", "cost": "7" }));
    let policies = json!({ "AmazonEKSViewPolicy": [], "AmazonEKSEditPolicy": ["shop-*"] });
    assert_eq!(entry.policies().await, policies);
    entry.workspace.plan().await.shows_no_changes();

    // Added by somebody else meanwhile, and left.
    entry.associate("AmazonEKSSecretReaderPolicy", &json!({ "type": "cluster" })).await;
    entry.workspace.destroy().await.succeeded();
    let after = entry.found().await;
    for same in ["accessEntryArn", "kubernetesGroups", "username", "tags"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    let policies = json!({ "AmazonEKSViewPolicy": ["theirs"], "AmazonEKSSecretReaderPolicy": [] });
    assert_eq!(entry.policies().await, policies);
}

/// A refresh of an entry asks IAM, and does without an answer.
#[tokio::test]
async fn whoever_cannot_ask_iam_can_still_refresh_an_entry() {
    let entry = Entry::new("without-iam").await;
    entry.workspace.apply().await.succeeded();
    // Nobody listens there.
    let alone = entry.workspace.clone().with("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:9");
    let run = alone.plan().await.shows_no_changes();
    assert!(run.took < Duration::from_mins(1), "{run}");

    let path = format!("clusters/sandbox/access-entries/{}", segment(&entry.principal()));
    let groups = json!({ "kubernetesGroups": ["others"] });
    entry.eks.api().call(Method::POST, &path, Some(&groups)).await.expect("a changed entry");
    let changes = alone.planned().await.changes();
    assert_eq!(changes["gitops_eks_access_entry.this"], ["kubernetes_groups[0]"]);
    alone.destroy().await.succeeded();
}

/// An entry of every type, and one for a user.
const TYPES: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

variable "prefix" { type = string }

provider "gitops" {
  region = "eu-west-1"
}

locals {
  types = ["STANDARD", "EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX"]
}

resource "gitops_iam_role" "this" {
  for_each = toset(local.types)
  name     = "${var.prefix}-${each.key}"

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "gitops_eks_access_entry" "this" {
  for_each            = gitops_iam_role.this
  cluster_name        = "sandbox"
  principal_arn       = each.value.arn
  type                = each.key
  policy_associations = each.key == "EC2" ? [{ policy_arn = "AmazonEKSAutoNodePolicy" }] : null
}

resource "gitops_eks_access_entry" "user" {
  cluster_name  = "sandbox"
  principal_arn = "arn:aws:iam::123456789012:user/${var.prefix}"
  user_name     = "ci"
}
"#;

#[tokio::test]
async fn entries_of_every_type_are_made_and_ended() {
    let eks = own_eks().await;
    let workspace =
        Workspace::new(sandbox().await, "entries").with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.write("main.tf", TYPES);
    let iam = iam(sandbox().await);
    iam.create_user().user_name(workspace.prefix()).send().await.expect("a user");
    workspace.init().await;
    workspace.apply().await.succeeded();

    let found = |name: &str| {
        let arn = format!("arn:aws:iam::123456789012:{name}");
        eks.one("accessEntries", "principalArn", &arn)
    };
    let role = |kind: &str| found(&format!("role/{}-{kind}", workspace.prefix()));
    for kind in ["STANDARD", "EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX"] {
        assert_eq!(role(kind)["type"], kind);
    }
    assert_eq!(role("EC2")["associatedAccessPolicies"].as_array().expect("a list").len(), 1);
    assert_eq!(found(&format!("user/{}", workspace.prefix()))["username"], "ci");
    workspace.plan().await.shows_no_changes();

    // A user that is made anew is another one, too.
    iam.delete_user().user_name(workspace.prefix()).send().await.expect("no user any more");
    iam.create_user().user_name(workspace.prefix()).send().await.expect("a user");
    let changes = workspace.planned().await.changes();
    assert_eq!(changes["gitops_eks_access_entry.user"], ["access_entry_arn?"]);
    assert_eq!(changes.len(), 1);
    workspace.apply().await.succeeded();
    assert_eq!(found(&format!("user/{}", workspace.prefix()))["username"], "ci");
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    assert_eq!(eks.all("accessEntries"), [Json::Null; 0]);
}
