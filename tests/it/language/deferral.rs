//! What cannot be asked yet is put off where the tool allows it, and refused where it does not.

use serde_json::{Value as Json, json};

use super::PROVIDER;
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{Objects, kinds};

/// A provider of which nothing is known before something else is made.
const CONFIGURATION: &str = r#"
variable "prefix" { type = string }
variable "kubeconfig" { type = string }

resource "terraform_data" "early" {
  input = { region = "eu-west-1", kubeconfig = var.kubeconfig }
}

provider "gitops" {
  argo_cd = "self_managed"
  region  = terraform_data.early.output.region
  cluster = { config_path = terraform_data.early.output.kubeconfig }
}

data "gitops_eks_cluster" "this" {
  name = "sandbox"
}

import {
  to = gitops_app_project.this
  id = "default/${var.prefix}"
}

resource "gitops_app_project" "this" {
  name        = var.prefix
  namespace   = "default"
  description = "was there before"
}

resource "gitops_app_project" "other" {
  name        = "${var.prefix}-other"
  namespace   = "default"
  description = "needs nobody to be planned"
}

output "version" { value = data.gitops_eks_cluster.this.version }
"#;

#[tokio::test]
async fn what_needs_an_unknown_provider_is_put_off_until_it_is_known() {
    let sandbox = kinds().await;
    let workspace = Workspace::new(sandbox.of(), "deferral").under(Cli::Terraform);
    workspace.write("main.tf", &[PROVIDER, CONFIGURATION].concat());
    workspace.init().await;
    let name = workspace.prefix();
    let projects = Objects::new(&sandbox, "argoproj.io/v1alpha1", "AppProject", Some("default"));
    let project = json!({
        "metadata": { "name": name }, "spec": { "description": "was there before" },
    });
    projects.create(&project).await;

    // A tool that knows of no deferral is told what to do.
    let run = workspace.run(&["plan", "-input=false", "-no-color"]).await.failed();
    run.says("region").says("known only after apply").says("-target");

    let plan = ["plan", "-input=false", "-no-color", "-allow-deferral", "-out=tfplan"];
    workspace.run(&plan).await.succeeded();
    let shown = workspace.run(&["show", "-json", "tfplan"]).await.succeeded();
    let shown: Json = serde_json::from_str(&shown.output).expect("a plan as JSON");
    let deferred: Vec<_> = shown["deferred_changes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|deferred| {
            assert_eq!(deferred["reason"], "provider_config_unknown", "{deferred:#}");
            deferred["resource_change"]["address"].as_str().expect("an address")
        })
        .collect();
    assert_eq!(deferred, ["data.gitops_eks_cluster.this", "gitops_app_project.this"]);

    let apply = ["apply", "-input=false", "-no-color", "-auto-approve", "-allow-deferral"];
    workspace.run(&apply).await.succeeded();
    assert!(projects.find(&format!("{name}-other")).await.is_some());
    // Now it is known.
    workspace.apply().await.succeeded().says("1 imported");
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
}
