//! Actions, invoked by the real Terraform and carried out by the real Argo CD.

use serde_json::json;

use crate::quickstart;
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{Objects, alone};

/// An application that nobody synchronises but the action.
const BY_HAND: &str = r#"
variable "revision" {
  type    = string
  default = null
}

variable "name" {
  type    = string
  default = "by-hand"
}

resource "gitops_application" "by_hand" {
  name      = "by-hand"
  namespace = gitops_eks_capability_argocd.this.namespace
  project   = gitops_app_project.this.name

  source      = { repo_url = var.git_url, path = "plain", target_revision = "HEAD" }
  destination = { server = var.cluster_arn, namespace = "quickstart-by-hand" }
  sync_policy = { sync_options = ["CreateNamespace=true"] }

  depends_on = [gitops_cluster.this]

  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.gitops_application_sync.by_hand]
    }
  }
}

action "gitops_application_sync" "by_hand" {
  config {
    name     = var.name
    revision = var.revision
    prune    = true
    healthy  = true
    timeout  = "3m"
  }
}
"#;

/// The application brought back, by an id or to the deployment before.
const ROLLBACK: &str = r#"
variable "id" {
  type    = number
  default = null
}

action "gitops_application_rollback" "by_hand" {
  config {
    name    = "by-hand"
    id      = var.id
    prune   = true
    timeout = "3m"
  }
}
"#;

const INVOKE: [&str; 5] = [
    "apply",
    "-input=false",
    "-no-color",
    "-auto-approve",
    "-invoke=action.gitops_application_sync.by_hand",
];

#[tokio::test]
async fn terraform_synchronises_when_an_application_is_made_and_when_it_is_asked_to() {
    let sandbox = alone().await;
    let example = Workspace::of(sandbox.of(), "actions", quickstart::EXAMPLE).under(Cli::Terraform);
    let workspace = sandbox.watch(example);
    workspace.write("by-hand.tf", BY_HAND);
    workspace.init().await;

    let run = workspace.apply().await.succeeded();
    run.says("Ended well at").says("Waiting for Application argocd/by-hand to be healthy");
    let deployed = Objects::new(&sandbox, "v1", "ConfigMap", Some("quickstart-by-hand"));
    let original = deployed.get("guestbook").await["data"].clone();
    workspace.plan().await.shows_no_changes();

    // Nobody but the action makes this good.
    deployed.patch("guestbook", &json!({ "data": { "greeting": "Boo!" } })).await;
    workspace.run(&INVOKE).await.succeeded().says("Ended well at");
    assert_eq!(deployed.get("guestbook").await["data"], original);
    let applications =
        Objects::new(&sandbox, "argoproj.io/v1alpha1", "Application", Some("argocd"));
    let asked = &applications.get("by-hand").await["status"]["operationState"]["operation"];
    assert_eq!(asked["initiatedBy"]["username"], "terraform-provider-gitops", "{asked}");
    assert_eq!(asked["sync"]["prune"], true, "{asked}");
    workspace.plan().await.shows_no_changes();

    // What Argo CD says of a failure is what the user reads.
    let run = workspace.run(&[&INVOKE[..], &["-var=revision=no-such-branch"]].concat()).await;
    run.failed().says("no-such-branch").says("invoke the action again");
    let run = workspace.run(&[&INVOKE[..], &["-var=name=nobody"]].concat()).await;
    run.failed().says("Application argocd/nobody is not there");

    rolled_back(&workspace, &deployed, &applications).await;
    workspace.destroy().await.succeeded();
}

/// Deploys something else, and goes back to what was there before.
async fn rolled_back(workspace: &Workspace, deployed: &Objects, applications: &Objects) {
    workspace.write("rollback.tf", ROLLBACK);
    workspace.edit("by-hand.tf", "path = \"plain\"", "path = \"kustomize/overlays/staging\"");
    workspace.apply().await.succeeded();
    workspace.run(&INVOKE).await.succeeded().says("Ended well at");
    assert_eq!(deployed.find("guestbook").await, None, "it was pruned");
    let history = applications.get("by-hand").await["status"]["history"].clone();
    let first = history[0]["id"].to_string();

    let rollback = ["-invoke=action.gitops_application_rollback.by_hand"];
    let rollback = [&INVOKE[..4], &rollback].concat();
    let run = workspace.run(&[&rollback[..], &["-var=id=4711"]].concat()).await;
    run.failed().says("history has no such deployment").says(&format!("{first} ("));
    workspace.run(&rollback).await.succeeded().says("Ended well at");
    deployed.get("guestbook").await;
    assert_eq!(deployed.find("staging-settings").await, None, "it was pruned");
    let asked = applications.get("by-hand").await;
    let asked = &asked["status"]["operationState"]["operation"];
    assert_eq!(asked["sync"]["source"]["path"], "plain", "{asked}");
    // The configuration is what it was.
    workspace.plan().await.shows_no_changes();
    let run = workspace.run(&[&rollback[..], &["-var", &format!("id={first}")]].concat()).await;
    run.succeeded().says("Ended well at");

    workspace.edit("by-hand.tf", "sync_policy = {", "sync_policy = { automated = {},");
    workspace.apply().await.succeeded();
    workspace.run(&rollback).await.failed().says("synchronised automatically");
}
