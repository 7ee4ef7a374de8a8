//! How the real controller of application sets rolls out, and what it leaves when a set ends.

use serde_json::Value as Json;

use crate::support::cli::Workspace;
use crate::support::sandbox::{Objects, eventually, names_of};
use crate::support::self_managed::{SelfManaged, self_managed};

const ARGO_CD: &str = "argoproj.io/v1alpha1";

const COMMON: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

provider "gitops" {
  argo_cd = "self_managed"
  cluster = { config_path = var.kubeconfig }
}

variable "kubeconfig" { type = string }
variable "git_url" { type = string }

variable "greeting" {
  type    = string
  default = "Hello"
}

resource "gitops_application_set" "this" {
  name                = "rolled"
  go_template         = true
  go_template_options = ["missingkey=error"]

  generators = [{
    list = { elements = jsonencode([{ env = "dev" }, { env = "prod" }]) }
  }]

  template = {
    metadata = {
      name       = "rolled-{{.env}}"
      labels     = { env = "{{.env}}" }
      finalizers = local.finalizers
    }
    spec = {
      source = {
        repo_url        = var.git_url
        path            = "chart"
        target_revision = "HEAD"
        helm            = { parameters = [{ name = "greeting", value = var.greeting }] }
      }
      destination = { server = "https://kubernetes.default.svc", namespace = "rolled" }
      sync_policy = local.sync_policy
    }
  }

  strategy    = local.strategy
  sync_policy = local.set_policy
  on_destroy  = local.on_destroy
  wait        = {}
}
"#;

const FINALIZER: &str = "[\"resources-finalizer.argocd.argoproj.io\"]";
const AUTOMATED: &str = "{ automated = {}, sync_options = [\"CreateNamespace=true\"] }";

/// The configuration with what differs.
fn locals(strategy: &str, set_policy: &str, on_destroy: &str) -> String {
    let finalizers = if set_policy.contains("preserve") { "null" } else { FINALIZER };
    format!(
        "locals {{\n  strategy = {strategy}\n  set_policy = {set_policy}\n  on_destroy = \
         {on_destroy}\n  finalizers = {finalizers}\n  sync_policy = {AUTOMATED}\n}}\n"
    )
}

async fn applied(sandbox: &SelfManaged, name: &str, locals: &str) -> Workspace {
    let workspace = Workspace::new(sandbox.of(), name);
    workspace.write("main.tf", COMMON);
    workspace.write("locals.tf", locals);
    let workspace = sandbox.watch(workspace);
    workspace.init().await;
    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();
    workspace
}

fn applications(sandbox: &SelfManaged) -> Objects {
    Objects::new(sandbox, ARGO_CD, "Application", Some("argocd"))
}

fn deployed(sandbox: &SelfManaged) -> Objects {
    Objects::new(sandbox, "v1", "ConfigMap", Some("rolled"))
}

/// When the last synchronisation of an application began and ended.
async fn times(sandbox: &SelfManaged, name: &str) -> (String, String) {
    let state = applications(sandbox).get(name).await["status"]["operationState"].clone();
    let text = |field: &str| state[field].as_str().unwrap_or_default().to_owned();
    (text("startedAt"), text("finishedAt"))
}

#[tokio::test]
async fn a_rolling_sync_goes_step_by_step_and_an_apply_waits_for_the_last() {
    const STRATEGY: &str = r#"{
    type = "RollingSync"
    rolling_sync = {
      steps = [
        { match_expressions = [{ key = "env", operator = "In", values = ["dev"] }] },
        { match_expressions = [{ key = "env", operator = "In", values = ["prod"] }], max_update = "100%" },
      ]
    }
  }"#;
    let sandbox = self_managed().await;
    let workspace = applied(&sandbox, "rolling", &locals(STRATEGY, "null", "null")).await;
    for greeting in ["Hello", "Good day"] {
        let workspace = workspace.clone().with("TF_VAR_greeting", greeting);
        workspace.apply().await.succeeded();
        for env in ["dev", "prod"] {
            let found = deployed(&sandbox).get(&format!("rolled-{env}-guestbook")).await;
            assert_eq!(found["data"]["greeting"], greeting, "{env}");
        }
        workspace.plan().await.shows_no_changes();
        if greeting == "Hello" {
            // Of what is new Argo CD keeps the order. Of a change it does so only where it compares
            // the applications in that order, too: to its controller of sets one that nobody has
            // compared yet is as healthy as it was, and lets the next step begin.
            let (dev, prod) =
                (times(&sandbox, "rolled-dev").await, times(&sandbox, "rolled-prod").await);
            assert!(dev.1 <= prod.0, "prod began at {} and dev ended at {}", prod.0, dev.1);
        }
    }
    // The controller turns automated synchronisation off, and none of that is ours to mend.
    let spec = applications(&sandbox).get("rolled-dev").await["spec"]["syncPolicy"].clone();
    assert_ne!(spec["automated"]["enabled"], Json::Bool(true), "{spec}");
    workspace.destroy().await.succeeded();
    assert!(names_of(&sandbox, ARGO_CD, "Application").await.is_empty());
    assert_eq!(deployed(&sandbox).find("rolled-dev-guestbook").await, None);
}

#[tokio::test]
async fn what_is_preserved_on_deletion_outlives_its_applications() {
    let sandbox = self_managed().await;
    let policy = "{ preserve_resources_on_deletion = true }";
    let workspace = applied(&sandbox, "preserved", &locals("null", policy, "null")).await;
    workspace.destroy().await.succeeded();
    assert!(names_of(&sandbox, ARGO_CD, "Application").await.is_empty());
    left(&sandbox).await;
}

#[tokio::test]
async fn applications_that_are_never_deleted_outlive_their_set() {
    let sandbox = self_managed().await;
    let policy = "{ applications_sync = \"create-update\" }";
    let workspace = applied(&sandbox, "never-deleted", &locals("null", policy, "null")).await;
    orphaned(&sandbox, &workspace).await;
}

#[tokio::test]
async fn applications_of_an_orphaning_set_outlive_it() {
    let sandbox = self_managed().await;
    let locals = locals("null", "null", "\"orphan\"");
    let workspace = applied(&sandbox, "orphaning", &locals).await;
    orphaned(&sandbox, &workspace).await;
}

/// Destroys the set; the applications stay, nobody owns them, and what they deploy stays.
async fn orphaned(sandbox: &SelfManaged, workspace: &Workspace) {
    workspace.destroy().await.succeeded();
    assert!(names_of(sandbox, ARGO_CD, "ApplicationSet").await.is_empty());
    let applications = applications(sandbox);
    for name in ["rolled-dev", "rolled-prod"] {
        let left = applications.get(name).await;
        assert_eq!(left["metadata"]["deletionTimestamp"], Json::Null, "{left:#}");
        assert_eq!(left["metadata"]["ownerReferences"], Json::Null, "{left:#}");
        let finalizers = serde_json::json!({ "metadata": { "finalizers": null } });
        applications.patch(name, &finalizers).await;
        applications.delete(name).await;
    }
    eventually("no applications", || async {
        let left = names_of(sandbox, ARGO_CD, "Application").await;
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
    left(sandbox).await;
}

/// That what was deployed is there, and removes it.
async fn left(sandbox: &SelfManaged) {
    for env in ["dev", "prod"] {
        let name = format!("rolled-{env}-guestbook");
        deployed(sandbox).get(&name).await;
        deployed(sandbox).delete(&name).await;
        Objects::new(sandbox, "v1", "Service", Some("rolled")).delete(&name).await;
    }
}
