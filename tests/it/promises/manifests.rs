//! Any object of a cluster: its life, its drift, and how it comes from other providers.

use std::collections::BTreeMap;

use gitops_sandbox::Sandbox;
use serde_json::{Value as Json, json};

use super::lists;
use super::moves::{Peer, move_here};
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{Objects, eventually, own_eks, sandbox};

const FIXTURE: &str = "tests/fixtures/manifests";
/// What the fixture keeps nowhere.
const PASSWORD: &str = "canary-of-the-manifest";

fn objects(sandbox: &Sandbox, workspace: &Workspace, api_version: &str, kind: &str) -> Objects {
    Objects::new(sandbox, api_version, kind, Some(workspace.prefix()))
}

fn changes(of: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    of.iter().map(|(address, fields)| ((*address).to_owned(), strings(fields))).collect()
}

#[tokio::test]
async fn objects_of_any_kind_come_in_one_apply_and_stay_as_they_are() {
    one_apply(Cli::Tofu).await;
}

#[tokio::test]
async fn objects_of_any_kind_come_in_one_apply_and_stay_as_they_are_under_terraform() {
    one_apply(Cli::Terraform).await;
}

async fn one_apply(cli: Cli) {
    let sandbox = sandbox().await;
    let name = format!("manifests-{}", cli.name());
    let workspace = Workspace::of(sandbox, &name, FIXTURE).under(cli);
    workspace.init().await;
    // Neither the cluster nor the definition is asked for.
    let nowhere = workspace.clone().with("TF_VAR_kubeconfig", "/nowhere");
    nowhere.plan().await.shows_changes().says("Plan: 7 to add");
    let applied = workspace.apply().await.succeeded().says("7 added");
    workspace.plan().await.shows_no_changes();

    // What is kept nowhere is where it belongs.
    let secrets = objects(sandbox, &workspace, "v1", "Secret");
    assert_eq!(secrets.get("login").await["data"]["password"], base64(PASSWORD));
    for (what, text) in [
        ("the state", workspace.read("terraform.tfstate")),
        ("what was printed", applied.output.clone()),
    ] {
        assert!(!text.contains(PASSWORD) && !text.contains(&base64(PASSWORD)), "{what}: {text}");
    }
    let other = workspace.clone().with("TF_VAR_password", "another");
    other.plan().await.shows_no_changes();
    let rotated = other.with("TF_VAR_secret_version", 2);
    rotated.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    assert_eq!(secrets.get("login").await["data"]["password"], base64("another"));
    let workspace = rotated;
    workspace.plan().await.shows_no_changes();

    // Fields that are read back.
    let settings = objects(sandbox, &workspace, "v1", "ConfigMap").get("settings").await;
    let stored = attributes(&workspace, "settings");
    let uid = &settings["metadata"]["uid"];
    assert_eq!(stored["fields"], json!({ "metadata.uid": uid, "data.level": "info" }));
    assert_eq!(stored["uid"], *uid);

    drifted(sandbox, &workspace).await;
    changed(sandbox, &workspace).await;
    workspace.destroy().await.succeeded();
    let namespaces = Objects::new(sandbox, "v1", "Namespace", None);
    assert_eq!(namespaces.find(workspace.prefix()).await, None);
}

/// What others do beside ours does not show; what they do to ours shows where it is, and is mended.
async fn drifted(sandbox: &Sandbox, workspace: &Workspace) {
    let marks = json!({ "metadata": { "labels": { "x": "y" }, "annotations": { "a": "b" } } });
    let settings = objects(sandbox, workspace, "v1", "ConfigMap");
    let web = objects(sandbox, workspace, "apps/v1", "Deployment");
    settings.patch("settings", &marks).await;
    settings.patch("settings", &json!({ "data": { "theirs": "1" } })).await;
    let deployed = web.get("web").await;
    let ours = deployed["spec"]["template"]["spec"]["containers"][0].clone();
    let proxy = json!({ "name": "proxy", "image": "proxy:1" });
    let containers = |ours: &Json| json!({ "spec": { "replicas": 9, "template": { "spec": { "containers": [proxy, ours] } } } });
    web.patch("web", &containers(&ours)).await;
    workspace.plan().await.shows_no_changes();

    settings.patch("settings", &json!({ "data": { "level": "debug", "colour": null } })).await;
    let mut changed = ours;
    changed["image"] = "web:2".into();
    changed["args"] = json!(["-v", "-x"]);
    web.patch("web", &containers(&changed)).await;
    let widgets = format!("{}.example.com/v1", workspace.prefix());
    let widgets = objects(sandbox, workspace, &widgets, "Widget");
    widgets.patch("first", &json!({ "spec": { "list": ["a"] } })).await;
    let container = "manifest.spec.template.spec.containers[0]";
    let (args, image) = (format!("{container}.args"), format!("{container}.image"));
    assert_eq!(
        workspace.planned().await.changes(),
        changes(&[
            (
                "gitops_manifest.settings",
                &["manifest.data.colour", "manifest.data.level", "fields?"]
            ),
            ("gitops_manifest.web", &[&args, &image]),
            ("gitops_manifest.widget", &["manifest.spec.list"]),
        ])
    );
    workspace.apply().await.succeeded().says("0 added, 3 changed, 0 destroyed");
    workspace.plan().await.shows_no_changes();
    let deployed = web.get("web").await;
    let containers = deployed["spec"]["template"]["spec"]["containers"].as_array().expect("a list");
    assert_eq!(containers.len(), 2, "the one of others stays: {deployed:#}");
    assert_eq!(deployed["spec"]["replicas"], 9, "it is others' to change");
    assert_eq!(settings.get("settings").await["data"]["theirs"], "1");
}

/// What the configuration takes away is taken away; another version is the same object, and another
/// name is not.
async fn changed(sandbox: &Sandbox, workspace: &Workspace) {
    let settings = objects(sandbox, workspace, "v1", "ConfigMap");
    workspace.edit(
        "main.tf",
        r#"data = { level = "info", colour = "red" }"#,
        r#"data = { level = "warn" }"#,
    );
    workspace.edit("main.tf", r#""${local.group}/v1""#, r#""${local.group}/v2""#);
    workspace.edit("main.tf", r#"name = "quota""#, r#"name = "limits""#);
    let planned = workspace.planned().await.changes();
    assert_eq!(planned["gitops_manifest.quota"], ["replace"]);
    assert_eq!(planned["gitops_manifest.widget"], ["api_version", "manifest.apiVersion"]);
    workspace.apply().await.succeeded().says("1 added, 2 changed, 1 destroyed");
    assert_eq!(settings.get("settings").await["data"], json!({ "level": "warn", "theirs": "1" }));
    let quotas = objects(sandbox, workspace, "v1", "ResourceQuota");
    assert_eq!(quotas.find("quota").await, None);
    workspace.plan().await.shows_no_changes();
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// The attributes of an instance in the state.
fn attributes(workspace: &Workspace, name: &str) -> Json {
    let resources = workspace.resources();
    let found = resources.iter().find(|resource| resource["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {resources:#?}"))["instances"][0]["attributes"]
        .clone()
}

/// A namespace with one thing in it that a test is about.
fn alone_with(sandbox: &'static Sandbox, name: &str, resources: &str) -> Workspace {
    let workspace = Workspace::new(sandbox, name);
    let main = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

provider "gitops" {
  cluster = { config_path = var.kubeconfig }
}

variable "prefix" { type = string }
variable "kubeconfig" { type = string }

resource "gitops_manifest" "namespace" {
  manifest = { apiVersion = "v1", kind = "Namespace", metadata = { name = var.prefix } }
}
"#;
    workspace.write("main.tf", &[main, resources].concat());
    workspace
}

const WAITING: &str = r#"
resource "gitops_manifest" "web" {
  manifest = {
    apiVersion = "apps/v1"
    kind       = "Deployment"
    metadata   = { name = "web", namespace = gitops_manifest.namespace.name }
    spec = {
      selector = { matchLabels = { app = "web" } }
      template = {
        metadata = { labels = { app = "web" } }
        spec     = { containers = [{ name = "web", image = "web:1" }] }
      }
    }
  }

  wait = {
    rollout    = true
    conditions = [{ type = "Available" }]
    fields     = [{ path = "status.readyReplicas", value_regex = "^[1-9]" }]
  }
  timeouts { create = "4s" }
}
"#;

#[tokio::test]
async fn an_apply_waits_and_says_what_it_has_waited_for() {
    let sandbox = sandbox().await;
    let workspace = alone_with(sandbox, "manifests-wait", WAITING);
    workspace.init().await;
    // No controller is there to roll anything out.
    let run = workspace.apply().await.failed();
    let run = run.says("its controller has not seen the change yet");
    run.says("it has no condition Available").says("there is no status.readyReplicas");

    let web = objects(sandbox, &workspace, "apps/v1", "Deployment");
    let failed = web.get("web").await["metadata"]["uid"].clone();
    workspace.edit("main.tf", "create = \"4s\"", "create = \"5m\"");
    let apply = workspace.start(&["apply", "-input=false", "-no-color", "-auto-approve"]);
    // What failed is made anew.
    eventually("a status that is taken", || async {
        let found = web.find("web").await.filter(|found| found["metadata"]["uid"] != failed);
        let Some(found) = found else { return Err("it is made anew".to_owned()) };
        let condition = json!({
            "type": "Available", "status": "True", "reason": "R", "message": "m",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "lastUpdateTime": "2026-01-01T00:00:00Z",
        });
        let status = json!({
            "observedGeneration": found["metadata"]["generation"], "replicas": 1,
            "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
            "conditions": [condition],
        });
        web.patch_status("web", &status).await;
        Ok(())
    })
    .await;
    apply.ended().await.succeeded();
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
}

const HELD: &str = r#"
resource "gitops_manifest" "held" {
  manifest = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "held", namespace = gitops_manifest.namespace.name }
    data       = { a = "b" }
  }
  timeouts { delete = "3s" }
}

resource "gitops_manifest" "kept" {
  manifest = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "${var.prefix}-kept" }
  }
  on_destroy = "abandon"
}
"#;

#[tokio::test]
async fn a_destroy_that_is_held_up_says_by_whom_and_what_is_abandoned_stays() {
    let sandbox = sandbox().await;
    let workspace = alone_with(sandbox, "manifests-held", HELD);
    workspace.init().await;
    workspace.apply().await.succeeded().says("3 added");
    let held = objects(sandbox, &workspace, "v1", "ConfigMap").by("the-holder");
    held.patch("held", &json!({ "metadata": { "finalizers": ["example.com/hold"] } })).await;
    workspace.plan().await.shows_no_changes();
    let run = workspace.destroy().await.failed();
    run.says("finalizers left: example.com/hold (set by the-holder)");
    held.patch("held", &json!({ "metadata": { "finalizers": null } })).await;
    workspace.destroy().await.succeeded();
    let kept = Objects::new(sandbox, "v1", "ConfigMap", Some("default"));
    let name = format!("{}-kept", workspace.prefix());
    assert!(kept.find(&name).await.is_some());
    kept.delete(&name).await;
}

const ADOPTED: &str = r#"
resource "gitops_manifest" "settings" {
  manifest = {
    apiVersion = "v1"
    kind       = "ConfigMap"
    metadata   = { name = "settings", namespace = gitops_manifest.namespace.name }
    data       = { level = "info" }
  }
}
"#;

#[tokio::test]
async fn what_is_there_is_adopted_and_imported_and_wrong_kinds_are_named() {
    let sandbox = sandbox().await;
    let workspace = alone_with(sandbox, "manifests-adopted", "");
    workspace.init().await;
    workspace.apply().await.succeeded();
    let settings = objects(sandbox, &workspace, "v1", "ConfigMap");
    let there =
        json!({ "metadata": { "name": "settings" }, "data": { "level": "debug", "b": "c" } });
    settings.create(&there).await;
    let main = workspace.read("main.tf");
    workspace.write("main.tf", &[main.as_str(), ADOPTED].concat());
    let refused = workspace.apply().await.failed();
    refused.says("data.level (set by \"somebody-else\"").says("force_conflicts");
    workspace.edit(
        "main.tf",
        "    data       = { level = \"info\" }\n  }\n",
        "    data       = { level = \"info\" }\n  }\n  force_conflicts = true\n",
    );
    workspace.apply().await.succeeded().says("1 added").says("Adopted an existing object");
    assert_eq!(settings.get("settings").await["data"], json!({ "level": "info", "b": "c" }));
    workspace.plan().await.shows_no_changes();
    workspace.edit("main.tf", "  force_conflicts = true\n", "");
    workspace.apply().await.succeeded();

    // By text and by identity; what others have set beside ours is theirs.
    let address = "gitops_manifest.settings";
    let id = format!("apiVersion=v1,kind=ConfigMap,namespace={},name=settings", workspace.prefix());
    for block in [
        format!("id = \"{id}\""),
        format!(
            "identity = {{ api_version = \"v1\", kind = \"ConfigMap\", namespace = \"{}\", name = \
             \"settings\" }}",
            workspace.prefix()
        ),
    ] {
        workspace.run(&["state", "rm", address]).await.succeeded();
        workspace.write("import.tf", &format!("import {{\n  to = {address}\n  {block}\n}}\n"));
        workspace.apply().await.succeeded().says("1 imported, 0 added");
        workspace.remove("import.tf");
        workspace.plan().await.shows_no_changes();
    }
    // One that nothing here has ever written to.
    let there = json!({ "metadata": { "name": "other" }, "data": { "level": "info", "b": "c" } });
    settings.create(&there).await;
    workspace.edit("main.tf", "name = \"settings\"", "name = \"other\"");
    workspace.run(&["state", "rm", address]).await.succeeded();
    let id = id.replace("name=settings", "name=other");
    workspace.run(&["import", "-input=false", "-no-color", address, &id]).await.succeeded();
    workspace.plan().await.shows_no_changes();
    workspace.edit("main.tf", "level = \"info\"", "level = \"warn\"");
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    assert_eq!(settings.get("other").await["data"], json!({ "level": "warn", "b": "c" }));
    workspace.plan().await.shows_no_changes();
    settings.delete("settings").await;

    workspace.edit("main.tf", "\"ConfigMap\"", "\"Configmap\"");
    let run = workspace.apply().await.failed();
    run.says("has no Configmap in v1").says("ConfigMap");
    workspace.destroy().await.succeeded();
}

const READ: &str = r#"
resource "gitops_manifest" "login" {
  manifest = {
    apiVersion = "v1"
    kind       = "Secret"
    metadata   = { name = "login", namespace = gitops_manifest.namespace.name }
    stringData = { username = "shop" }
  }
  manifest_wo         = { stringData = { password = "canary-of-the-manifest" } }
  manifest_wo_version = 1
}

data "gitops_manifest" "login" {
  api_version = "v1"
  kind        = "Secret"
  namespace   = var.prefix
  name        = "login"
  depends_on  = [gitops_manifest.login]
}

data "gitops_manifest" "namespace" {
  api_version = "v1"
  kind        = "Namespace"
  name        = var.prefix
  depends_on  = [gitops_manifest.login]
}

output "login" {
  value = data.gitops_manifest.login.object
}

output "phase" {
  value = data.gitops_manifest.namespace.object.status.phase
}
"#;

#[tokio::test]
async fn what_is_there_is_read_and_listed_without_the_values_of_secrets() {
    let sandbox = sandbox().await;
    let workspace = alone_with(sandbox, "manifests-read", READ);
    workspace.init().await;
    workspace.apply().await.succeeded().says("2 added");
    let state: Json = serde_json::from_str(&workspace.read("terraform.tfstate")).expect("JSON");
    let output = |name: &str| state["outputs"][name]["value"].clone();
    assert_eq!(output("phase"), "Active");
    assert_eq!((&output("login")["type"], output("login").get("data")), (&json!("Opaque"), None));
    assert!(!state.to_string().contains(&base64(PASSWORD)), "{state:#}");

    let core = lists::core(sandbox, &own_eks().await).await;
    let query = json!({ "api_version": "v1", "kind": "Secret", "namespace": workspace.prefix() });
    let found = core.list("gitops_manifest", &query, true, 0).await.expect("a list");
    let [login] = &found[..] else { panic!("one Secret: {found:#?}") };
    assert_eq!(login.display_name, format!("Secret {}/login", workspace.prefix()));
    let identity = json!({
        "api_version": "v1", "kind": "Secret", "name": "login", "namespace": workspace.prefix(),
    });
    assert_eq!(login.identity, identity);
    let object = login.object.as_ref().expect("it was asked for");
    assert_eq!(object["manifest"]["value"]["metadata"]["name"], "login");
    assert_eq!(object["manifest"]["value"].get("data"), None);
    let query = json!({ "api_version": "example.com/v1", "kind": "Nothing" });
    assert!(core.list("gitops_manifest", &query, true, 0).await.expect("a list").is_empty());
    workspace.destroy().await.succeeded();
}

/// A manifest as a state of `kubernetes_manifest` has it.
fn as_kubernetes(ours: &Json) -> Json {
    json!({ "manifest": ours["manifest"] })
}

/// A manifest as a state of `kubectl_manifest` has it: as text, which may be JSON.
fn as_kubectl(ours: &Json) -> Json {
    let manifest = &ours["manifest"]["value"];
    json!({
        "yaml_body": manifest.to_string(), "api_version": manifest["apiVersion"],
        "kind": manifest["kind"], "name": manifest["metadata"]["name"],
        "namespace": manifest["metadata"]["namespace"],
    })
}

#[tokio::test]
async fn manifests_of_other_providers_are_taken_over_with_their_fields() {
    let sandbox = sandbox().await;
    let workspace = Workspace::of(sandbox, "manifests-moved", FIXTURE);
    workspace.init().await;
    workspace.apply().await.succeeded();
    // As if somebody else had made it, and owned all of it.
    let settings = objects(sandbox, &workspace, "v1", "ConfigMap");
    settings.delete("settings").await;
    let made = json!({
        "metadata": { "name": "settings", "labels": { "team": "shop" } },
        "data": { "level": "info", "colour": "red" },
    });
    settings.by("kubectl-client-side-apply").create(&made).await;

    let peer = |name: &'static str, provider, type_name, attributes| Peer {
        ours: ("gitops_manifest", name),
        provider,
        type_name,
        attributes,
    };
    let kubernetes =
        |name| peer(name, "hashicorp/kubernetes", "kubernetes_manifest", as_kubernetes);
    let peers = [
        kubernetes("namespace"),
        kubernetes("quota"),
        kubernetes("definition"),
        kubernetes("widget"),
        peer("settings", "alekc/kubectl", "kubectl_manifest", as_kubectl),
        peer("web", "gavinbunney/kubectl", "kubectl_manifest", as_kubectl),
    ];
    // What is only ours is not in their states.
    for (from, to) in [
        ("  read_fields = [\"metadata.uid\", \"data.level\", \"data.none\"]\n", ""),
        ("  ignore_fields = [\"spec.replicas\"]\n", ""),
    ] {
        workspace.edit("main.tf", from, to);
    }
    workspace.apply().await.succeeded();
    move_here(&workspace, sandbox, &peers).await;
    workspace.plan().await.shows_no_changes();

    // What was the other one's to take away is ours to take away.
    workspace.edit(
        "main.tf",
        r#"data = { level = "info", colour = "red" }"#,
        r#"data = { level = "warn" }"#,
    );
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    let settings = objects(sandbox, &workspace, "v1", "ConfigMap").get("settings").await;
    assert_eq!(settings["data"], json!({ "level": "warn" }));
    let managers: Vec<_> = settings["metadata"]["managedFields"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["manager"].as_str().expect("a name"))
        .collect();
    assert_eq!(managers, ["terraform-provider-gitops"]);
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
}
