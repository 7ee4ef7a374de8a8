//! Applications of the real Argo CD as data sources show them, and what actions of the real
//! Terraform do to them.

use std::fs;

use serde_json::{Value as Json, json};

use crate::quickstart;
use crate::support::cli::{Cli, Run, Workspace};
use crate::support::sandbox::{Objects, alone, eventually};

/// An application whose synchronisation never ends: it waits for a hook that nobody runs.
const HOOK: &str = r#"
variable "hook_url" { type = string }

variable "name" {
  type    = string
  default = "hook"
}

resource "gitops_application" "hook" {
  name      = "hook"
  namespace = gitops_eks_capability_argocd.this.namespace
  labels    = { purpose = "hook" }

  source      = { repo_url = var.hook_url, path = "hook", target_revision = "HEAD" }
  destination = { server = var.cluster_arn, namespace = "quickstart-hook" }
  sync_policy = { sync_options = ["CreateNamespace=true"] }

  depends_on = [gitops_cluster.this]
}

action "gitops_application_sync" "hook" {
  config {
    name  = "hook"
    async = true
  }
}

action "gitops_application_refresh" "hook" {
  config {
    name = var.name
    hard = true
  }
}

action "gitops_application_terminate" "hook" {
  config {
    name    = var.name
    timeout = "2m"
  }
}
"#;

const DATA: &str = r#"
data "gitops_application" "this" {
  name = var.name == "hook" ? "quickstart" : var.name
}

data "gitops_applications" "of_project" {
  namespace = "argocd"
  project   = "quickstart"
}

data "gitops_applications" "with_label" {
  label_selector = "purpose=hook"
}

output "this" { value = data.gitops_application.this }
output "of_project" { value = data.gitops_applications.of_project.applications }
output "with_label" { value = data.gitops_applications.with_label.applications }
"#;

const JOB: &str = r"
apiVersion: batch/v1
kind: Job
metadata:
  name: never-run
  annotations: { argocd.argoproj.io/hook: PreSync }
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: nothing, image: nothing }]
";

const CONFIG_MAP: &str = r"
apiVersion: v1
kind: ConfigMap
metadata: { name: after-the-hook }
";

async fn invoke(workspace: &Workspace, action: &str) -> Run {
    let target = format!("-invoke=action.{action}.hook");
    workspace.run(&["apply", "-input=false", "-no-color", "-auto-approve", &target]).await
}

#[tokio::test]
async fn terraform_reads_refreshes_and_stops_what_argo_cd_does() {
    let sandbox = alone().await;
    let seed = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(seed.path().join("hook")).expect("a folder");
    for (file, text) in [("job.yaml", JOB), ("config-map.yaml", CONFIG_MAP)] {
        fs::write(seed.path().join("hook").join(file), text).expect("a file");
    }
    sandbox.git().create("it-hook", seed.path()).await.expect("a repository");
    let example = Workspace::of(sandbox.of(), "applications", quickstart::EXAMPLE)
        .under(Cli::Terraform)
        .with("TF_VAR_hook_url", sandbox.git().repository("it-hook"));
    let workspace = sandbox.watch(example);
    workspace.write("hook.tf", HOOK);
    workspace.init().await;
    workspace.apply().await.succeeded();

    workspace.write("data.tf", DATA);
    workspace.apply().await.succeeded();
    shown(&workspace).await;
    let nobody = workspace.clone().with("TF_VAR_name", "nobody");
    nobody.plan().await.failed().says("Application argocd/nobody is not there");
    fs::remove_file(workspace.folder().join("data.tf")).expect("it was there");

    // Nobody but the action has Argo CD look: its own poll is minutes away.
    let applications =
        Objects::new(&sandbox, "argoproj.io/v1alpha1", "Application", Some("argocd"));
    let looked = || async { applications.get("hook").await["status"]["reconciledAt"].clone() };
    let before = looked().await;
    // A second is the finest that Argo CD tells.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let run = invoke(&workspace, "gitops_application_refresh").await.succeeded();
    run.says("Application argocd/hook: sync OutOfSync");
    assert_ne!(looked().await, before);
    let run = invoke(&nobody, "gitops_application_refresh").await;
    run.failed().says("Application argocd/nobody is not there");

    let run = invoke(&workspace, "gitops_application_terminate").await.succeeded();
    run.says("no operation of Application argocd/hook is going on");
    invoke(&workspace, "gitops_application_sync").await.succeeded();
    eventually("an operation that waits for its hook", || async {
        let state = applications.get("hook").await["status"]["operationState"].clone();
        let waits = state["message"].as_str().is_some_and(|said| said.contains("never-run"));
        if waits && state["phase"] == "Running" { Ok(()) } else { Err(state.to_string()) }
    })
    .await;
    let run = invoke(&workspace, "gitops_application_terminate").await.succeeded();
    run.says("Ended as Failed");
    let ended = applications.get("hook").await;
    assert_eq!(ended["operation"], Json::Null, "{ended:#}");
    assert_eq!(ended["status"]["operationState"]["phase"], "Failed", "{ended:#}");
    let deployed = Objects::new(&sandbox, "v1", "ConfigMap", Some("quickstart-hook"));
    assert_eq!(deployed.find("after-the-hook").await, None);

    // What ails it is told of, and does not fail the run.
    applications.patch("hook", &json!({ "spec": { "source": { "path": "nowhere" } } })).await;
    let run = invoke(&workspace, "gitops_application_refresh").await.succeeded();
    run.says("ComparisonError").says("nowhere");
    workspace.destroy().await.succeeded();
}

/// What the outputs say of the applications.
async fn shown(workspace: &Workspace) {
    let printed = workspace.run(&["output", "-json"]).await.succeeded();
    let outputs: Json = serde_json::from_str(&printed.output).expect("outputs");
    let this = &outputs["this"]["value"];
    assert_eq!(this["project"], "quickstart", "{this:#}");
    assert_eq!(this["sync"]["status"], "Synced", "{this:#}");
    assert_eq!(this["health"]["status"], "Healthy", "{this:#}");
    assert_eq!(this["conditions"], json!([]), "{this:#}");
    let state = &this["operation_state"];
    assert_eq!(state["phase"], "Succeeded", "{this:#}");
    assert_eq!(state["sync_result"]["revision"], this["sync"]["revision"], "{this:#}");
    assert_eq!(this["history"][0]["revision"], this["sync"]["revision"], "{this:#}");
    let resources = this["resources"].as_array().expect("resources");
    assert!(!resources.is_empty(), "{this:#}");
    assert!(resources.iter().all(|resource| resource["status"] == "Synced"), "{this:#}");
    let names = |output: &str| -> Vec<_> {
        let found = outputs[output]["value"].as_array().expect("applications");
        found.iter().map(|found| found["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names("of_project"), ["quickstart"]);
    assert_eq!(names("with_label"), ["hook"]);
    assert_eq!(outputs["of_project"]["value"][0]["sync"], this["sync"]);
}
