//! Definitions of resource graphs, with the real kro.

use std::collections::BTreeSet;

use gitops_sandbox::Sandbox;
use serde_json::{Value as Json, json};

use crate::support::cli::Workspace;
use crate::support::sandbox::{Objects, eventually, names_of, with_kro};

const MAIN: &str = r#"
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

locals {
  group = "${var.prefix}.example.com"
}

resource "gitops_manifest" "namespace" {
  manifest = { apiVersion = "v1", kind = "Namespace", metadata = { name = var.prefix } }
}

resource "gitops_kro_resource_graph_definition" "this" {
  name = var.prefix

  schema = {
    api_version = "v1alpha1"
    kind        = "Setting"
    group       = local.group
    spec = {
      level   = "string | default=info"
      regions = "[]string"
      extra   = { enabled = "boolean | default=false" }
    }
    status      = { level = "$${settings.data.level}" }
    short_names = ["sett"]
    metadata    = { labels = { team = "shop" } }
    additional_printer_columns = [
      { name = "Level", json_path = ".spec.level", type = "string" },
    ]
  }

  resources = [
    {
      id = "settings"
      template = jsonencode({
        apiVersion = "v1"
        kind       = "ConfigMap"
        metadata   = { name = "$${schema.metadata.name}" }
        data       = { level = "$${schema.spec.level}" }
      })
      ready_when = ["$${settings.data.level != ''}"]
    },
    {
      id           = "extra"
      include_when = ["$${schema.spec.extra.enabled}"]
      template = jsonencode({
        apiVersion = "v1"
        kind       = "ConfigMap"
        metadata   = { name = "$${schema.metadata.name}-extra" }
        data       = { of = "$${settings.metadata.name}" }
      })
    },
    {
      id       = "regional"
      for_each = [{ region = "$${schema.spec.regions}" }]
      template = jsonencode({
        apiVersion = "v1"
        kind       = "ConfigMap"
        metadata   = { name = "$${schema.metadata.name}-$${region}" }
        data       = { region = "$${region}" }
      })
    },
  ]
}
"#;

const INSTANCE: &str = r#"
resource "gitops_manifest" "instance" {
  manifest = {
    apiVersion = "${local.group}/v1alpha1"
    kind       = "Setting"
    metadata   = { name = "shop", namespace = gitops_manifest.namespace.name }
    spec       = { level = "debug", regions = ["a", "b"] }
  }

  wait        = { conditions = [{ type = "Ready" }], fields = [{ path = "status.state", value = "ACTIVE" }] }
  read_fields = ["status.level"]
  depends_on  = [gitops_kro_resource_graph_definition.this]
}
"#;

async fn definitions(sandbox: &Sandbox, of: &Workspace) -> BTreeSet<String> {
    let all = names_of(sandbox, "apiextensions.k8s.io/v1", "CustomResourceDefinition").await;
    all.into_iter().filter(|name| name.contains(of.prefix())).collect()
}

fn instances(sandbox: &Sandbox, workspace: &Workspace) -> Objects {
    let api_version = format!("{}.example.com/v1alpha1", workspace.prefix());
    Objects::new(sandbox, &api_version, "Setting", Some(workspace.prefix()))
}

#[tokio::test]
async fn a_kind_and_an_object_of_it_come_in_one_apply_and_go_in_one_destroy() {
    let sandbox = with_kro().await;
    let workspace = Workspace::new(sandbox, "graphs");
    workspace.write("main.tf", &[MAIN, INSTANCE].concat());
    workspace.init().await;
    let nowhere = workspace.clone().with("TF_VAR_kubeconfig", "/nowhere");
    nowhere.plan().await.shows_changes().says("Plan: 3 to add");
    workspace.apply().await.succeeded().says("3 added");
    workspace.plan().await.shows_no_changes();

    let settings = Objects::new(sandbox, "v1", "ConfigMap", Some(workspace.prefix()));
    assert_eq!(settings.get("shop").await["data"], json!({ "level": "debug" }));
    assert_eq!(settings.get("shop-b").await["data"], json!({ "region": "b" }));
    assert_eq!(settings.find("shop-extra").await, None);
    let stored = &workspace.resources();
    let instance = stored.iter().find(|it| it["name"] == "instance").expect("an instance");
    let fields = &instance["instances"][0]["attributes"]["fields"];
    assert_eq!(*fields, json!({ "status.level": "debug" }));

    // Drift, and a change that kro carries on.
    let graphs = Objects::new(sandbox, "kro.run/v1alpha1", "ResourceGraphDefinition", None);
    let mut resources = graphs.get(workspace.prefix()).await["spec"]["resources"].clone();
    resources[0]["readyWhen"] = json!(["${settings.data.level == 'x'}"]);
    graphs.patch(workspace.prefix(), &json!({ "spec": { "resources": resources } })).await;
    let address = "gitops_kro_resource_graph_definition.this";
    let drift = workspace.planned().await.changes();
    assert_eq!(drift[address], ["resources[0].ready_when[0]"]);
    workspace.edit("main.tf", "default=info", "default=warn");
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    workspace.plan().await.shows_no_changes();

    // By name.
    workspace.run(&["state", "rm", address]).await.succeeded();
    let import = ["import", "-input=false", "-no-color", address, workspace.prefix()];
    workspace.run(&import).await.succeeded();
    workspace.plan().await.shows_no_changes();

    assert_eq!(definitions(sandbox, &workspace).await.len(), 1);
    workspace.destroy().await.succeeded().says("3 destroyed");
    assert_eq!(definitions(sandbox, &workspace).await, BTreeSet::new());
}

#[tokio::test]
async fn a_graph_that_kro_refuses_fails_with_its_reason_and_soon() {
    let sandbox = with_kro().await;
    let workspace = Workspace::new(sandbox, "graphs-refused");
    workspace.write("main.tf", MAIN);
    workspace.init().await;
    workspace.edit("main.tf", "$${settings.data.level != ''}", "$${settings.data.nothing()}");
    let run = workspace.apply().await.failed();
    assert!(run.took.as_secs() < 60, "it has waited: {run}");
    run.says("GraphAccepted is False").says("nothing");
    workspace.edit("main.tf", "$${settings.data.nothing()}", "$${settings.data.level != ''}");
    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    assert_eq!(definitions(sandbox, &workspace).await, BTreeSet::new());
}

#[tokio::test]
async fn a_kind_does_not_go_before_its_objects_unless_it_is_told_to() {
    let sandbox = with_kro().await;
    let workspace = Workspace::new(sandbox, "graphs-used");
    workspace.write("main.tf", MAIN);
    workspace.init().await;
    workspace.apply().await.succeeded();
    let instances = instances(sandbox, &workspace);
    let made = json!({ "metadata": { "name": "by-hand" }, "spec": { "regions": [] } });
    instances.create(&made).await;
    let settings = Objects::new(sandbox, "v1", "ConfigMap", Some(workspace.prefix()));
    eventually("what kro makes", || async {
        settings.find("by-hand").await.map(drop).ok_or_else(|| "not yet".to_owned())
    })
    .await;

    // Alone: with the namespace, the object would go.
    let target = "-target=gitops_kro_resource_graph_definition.this";
    let destroy = ["destroy", "-input=false", "-no-color", "-auto-approve", target];
    let run = workspace.run(&destroy).await.failed();
    run.says(&format!("Setting {}/by-hand", workspace.prefix())).says("delete_instances");
    assert!(instances.find("by-hand").await.is_some());
    let named = "  name = var.prefix\n";
    workspace.edit("main.tf", named, &format!("{named}  delete_instances = true\n"));
    workspace.apply().await.succeeded();
    workspace.run(&destroy).await.succeeded();
    assert_eq!(definitions(sandbox, &workspace).await, BTreeSet::new());
    eventually("what kro takes down", || async {
        let left: Option<Json> = settings.find("by-hand").await;
        left.map_or(Ok(()), |left| Err(left.to_string()))
    })
    .await;
    workspace.destroy().await.succeeded();
}

#[tokio::test]
async fn a_kind_may_stay_when_its_graph_goes() {
    let sandbox = with_kro().await;
    let workspace = Workspace::new(sandbox, "graphs-kept");
    workspace.write("main.tf", MAIN);
    let named = "  name = var.prefix\n";
    workspace.edit("main.tf", named, &format!("{named}  keep_crd = true\n"));
    workspace.init().await;
    workspace.apply().await.succeeded();
    workspace.destroy().await.succeeded();
    let left = definitions(sandbox, &workspace).await;
    assert_eq!(left.len(), 1, "{left:?}");
    let kinds = Objects::new(sandbox, "apiextensions.k8s.io/v1", "CustomResourceDefinition", None);
    for name in left {
        kinds.delete(&name).await;
    }
}
