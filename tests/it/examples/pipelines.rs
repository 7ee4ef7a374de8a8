//! The pipelines of practice, and the module that makes one: applied to a real API server with the
//! definitions of Kargo and Argo CD. Neither runs: nobody acts on what is made.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::{PRIVATE_KEY, folders_in, root};
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{Objects, kinds, sandbox};

const KARGO: &str = "kargo.akuity.io/v1alpha1";

/// The folders of the pipelines.
const PIPELINES: &str = "examples/pipelines";

#[tokio::test]
async fn every_pipeline_is_made_and_needs_no_second_apply() {
    let sandbox = kinds().await;
    for (at, folder) in folders_in(PIPELINES).iter().enumerate() {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        // The tools take turns: a pipeline is the same under both.
        let cli = if at % 2 == 0 { Cli::Tofu } else { Cli::Terraform };
        let project = format!("it-pipeline-{name}");
        let source = folder.to_str().expect("UTF-8");
        let workspace = Workspace::of(sandbox.of(), &project, source).under(cli);
        let workspace = prepared(workspace, &project).await;
        workspace.apply().await.succeeded();
        workspace.plan().await.shows_no_changes();
        let stages = Objects::new(&sandbox, KARGO, "Stage", Some(&project));
        let named = fs::read_to_string(root().join(folder).join("main.tf")).expect("main.tf");
        let has_stages = named.contains("resource \"gitops_kargo_stage\"");
        assert_eq!(!stages.names().await.is_empty(), has_stages, "{name}");
        workspace.destroy().await.succeeded();
        end(&project).await;
    }
}

#[tokio::test]
async fn production_takes_only_what_was_verified_in_uat() {
    let sandbox = kinds().await;
    let project = "it-three";
    let workspace = Workspace::of(sandbox.of(), project, "examples/pipelines/dev-uat-prod");
    let workspace = prepared(workspace, project).await;
    workspace.apply().await.succeeded().says("order = tolist([ \"dev\", \"uat\", \"prod\", ])");
    let stages = Objects::new(&sandbox, KARGO, "Stage", Some(project));
    let sources = &stages.get("prod").await["spec"]["requestedFreight"][0]["sources"].clone();
    assert_eq!(*sources, json!({"requiredSoakTime": "24h", "stages": ["uat"]}));
    let applications = Objects::new(
        &sandbox,
        "argoproj.io/v1alpha1",
        "Application",
        Some(&applications_of(project)),
    );
    let application = applications.get("it-three-prod").await;
    let authorized = &application["metadata"]["annotations"]["kargo.akuity.io/authorized-stage"];
    assert_eq!(authorized, "it-three:prod");

    // Kargo changes what it was told to: that is no drift.
    let images = json!([{"name": "image.tag", "value": "1.2.3"}]);
    let change = json!({"spec": {"source": {"helm": {"parameters": images}}}});
    applications.patch("it-three-prod", &change).await;
    workspace.plan().await.shows_no_changes();

    // A typing mistake is found before anything is changed.
    workspace.edit("main.tf", "stages = [\"uat\"]", "stages = [\"aut\"]");
    let plan = workspace.plan().await.failed();
    plan.says("Stage \"prod\" takes freight from stage \"aut\", which is not among the stages");
    workspace.edit("main.tf", "stages = [\"aut\"]", "stages = [\"uat\"]");
    workspace.destroy().await.succeeded();
    end(project).await;
}

/// The module, called as its users do.
const CALLER: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

variable "region" { type = string }
variable "cluster_name" { type = string }
variable "cluster_arn" { type = string }
variable "argocd_namespace" { type = string }
variable "project" { type = string }

variable "git_password" {
  type      = string
  ephemeral = true
}

provider "gitops" {
  region  = var.region
  cluster = { name = var.cluster_name }
}

module "pipeline" {
  source = "./pipeline"

  name             = var.project
  argocd_namespace = var.argocd_namespace
  environments = [
    { name = "dev", server = var.cluster_arn },
    { name = "prod", server = var.cluster_arn, soak = "90m" },
  ]
  images       = [{ repo_url = "ghcr.io/example/shop" }]
  git          = { repo_url = "https://github.com/example/shop-config.git" }
  git_username = "kargo"
  git_password = var.git_password
}

output "order" { value = module.pipeline.order }
"#;

#[tokio::test]
async fn the_module_makes_a_whole_pipeline() {
    let sandbox = kinds().await;
    let project = "it-module";
    let workspace = Workspace::new(sandbox.of(), project);
    workspace.write("main.tf", CALLER);
    for file in ["main.tf", "variables.tf", "outputs.tf", "versions.tf"] {
        let text = fs::read_to_string(root().join("examples/modules/pipeline").join(file));
        workspace.write(&format!("pipeline/{file}"), &text.expect("a file of the module"));
    }
    let workspace = prepared(workspace, project).await.with("TF_VAR_git_password", "not-so-secret");
    workspace.apply().await.succeeded().says("order = tolist([ \"dev\", \"prod\", ])");
    workspace.plan().await.shows_no_changes();
    let secrets = Objects::new(&sandbox, "v1", "Secret", Some(project));
    let secret = secrets.get("git").await;
    assert_eq!(secret["metadata"]["labels"]["kargo.akuity.io/cred-type"], "git");
    assert!(!workspace.read("terraform.tfstate").contains("not-so-secret"));
    let stage = Objects::new(&sandbox, KARGO, "Stage", Some(project)).get("prod").await;
    let vars = &stage["spec"]["promotionTemplate"]["spec"]["steps"][0]["vars"];
    let wanted = [("folder", "env/prod"), ("application", "it-module-prod")];
    let wanted = wanted.map(|(name, value)| json!({"name": name, "value": value}));
    assert_eq!(*vars, json!(wanted));
    workspace.destroy().await.succeeded();
    end(project).await;
}

/// Says what an example leaves to its user, and makes a namespace for its applications.
async fn prepared(workspace: Workspace, project: &str) -> Workspace {
    let namespace = applications_of(project);
    let made = json!({"metadata": {"name": namespace}});
    Objects::new(sandbox().await, "v1", "Namespace", None).create(&made).await;
    orphaned(workspace.folder());
    let workspace = workspace
        .with("TF_VAR_project", project)
        .with("TF_VAR_argocd_namespace", namespace)
        .with("TF_VAR_codecommit_password", "not-so-secret")
        .with("TF_VAR_github_app_private_key", PRIVATE_KEY);
    workspace.init().await;
    workspace
}

/// Nobody would take the finalizers of applications away: there is no controller.
fn orphaned(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        if entry.file_type().expect("a type").is_dir() {
            orphaned(&entry.path());
        }
    }
    let text = fs::read_to_string(folder.join("main.tf")).unwrap_or_default();
    if text.contains("resource \"gitops_application\" \"this\"") {
        let text = "resource \"gitops_application\" \"this\" {\n  cascade = \"orphan\"\n}\n";
        fs::write(folder.join("test_override.tf"), text).expect("a written file");
    }
}

fn applications_of(project: &str) -> String {
    format!("{project}-argocd")
}

/// Deletes what the destroy has left: what its namespace is for.
async fn end(project: &str) {
    let namespaces = Objects::new(sandbox().await, "v1", "Namespace", None);
    namespaces.delete(&applications_of(project)).await;
}
