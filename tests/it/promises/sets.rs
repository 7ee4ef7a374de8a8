//! Application sets: their object where nobody acts on it, and their life with the real Argo CD.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::moves::{ARGOCD, Peer, metadata, move_here};
use crate::quickstart;
use crate::support::cli::Workspace;
use crate::support::sandbox::{Alone, Objects, alone, kinds};

const ARGO_CD: &str = "argoproj.io/v1alpha1";
const ADDRESS: &str = "gitops_application_set.this";

fn one_change(address: &str, attribute: &str) -> BTreeMap<String, Vec<String>> {
    BTreeMap::from([(address.to_owned(), vec![attribute.to_owned()])])
}

#[tokio::test]
async fn a_set_is_made_mended_imported_and_moved_like_any_other_object() {
    let sandbox = kinds().await;
    let workspace = Workspace::of(sandbox.of(), "sets", "tests/fixtures/sets");
    workspace.init().await;
    workspace.apply().await.succeeded().says("2 added");
    workspace.plan().await.shows_no_changes();

    let prefix = workspace.prefix().to_owned();
    let sets = Objects::new(&sandbox, ARGO_CD, "ApplicationSet", Some(&prefix));
    let written_by_argo_cd = json!({
        "metadata": { "annotations": { "example.com/seen-by": "the auditors" } },
        "spec": { "template": { "metadata": { "annotations": { "example.com/a": "b" } } } },
    });
    sets.patch("shop", &written_by_argo_cd).await;
    workspace.plan().await.shows_no_changes();
    let source = json!({ "source": { "targetRevision": "somebody-s-branch" } });
    sets.patch("shop", &json!({ "spec": { "template": { "spec": source } } })).await;
    let drift = one_change(ADDRESS, "template.spec.source.target_revision");
    assert_eq!(workspace.planned().await.changes(), drift);
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    workspace.plan().await.shows_no_changes();

    let forget = ["state", "rm", ADDRESS];
    let id = format!("{prefix}/shop");
    workspace.run(&forget).await.succeeded();
    let import = ["import", "-input=false", "-no-color", ADDRESS, &id];
    workspace.run(&import).await.succeeded().says("Import successful!");
    workspace.plan().await.shows_no_changes();
    workspace.run(&forget).await.succeeded();
    let identity = format!("{{ namespace = \"{prefix}\", name = \"shop\" }}");
    workspace
        .write("import.tf", &format!("import {{\n  to = {ADDRESS}\n  identity = {identity}\n}}"));
    workspace.apply().await.succeeded().says("1 imported, 0 added, 0 changed, 0 destroyed");
    workspace.remove("import.tf");

    let peer = Peer {
        ours: ("gitops_application_set", "this"),
        provider: ARGOCD,
        type_name: "argocd_application_set",
        attributes: metadata,
    };
    move_here(&workspace, &sandbox, &[peer]).await;
    workspace.destroy().await.succeeded();
    assert_eq!(sets.find("shop").await, None);
}

/// Sets of every common generator, beside the quickstart.
const SETS: &str = r#"
locals {
  destination = { server = gitops_cluster.this.server, namespace = "quickstart" }
  automated   = { automated = { prune = true, self_heal = true } }
  chart       = { repo_url = var.git_url, path = "chart", target_revision = var.git_branch }
  directories = { repo_url = var.git_url, revision = var.git_branch }
}

resource "gitops_application_set" "list" {
  name                = "list"
  namespace           = gitops_eks_capability_argocd.this.namespace
  go_template         = true
  go_template_options = ["missingkey=error"]

  generators = [{ list = { elements = jsonencode([{ env = "dev", port = 81 }, { env = "prod", port = 82 }]) } }]

  template = {
    metadata = { name = "list-{{.env}}", labels = { environment = "{{.env}}" } }
    spec = {
      project     = gitops_app_project.this.name
      source      = merge(local.chart, { helm = { values = "greeting: Hello {{.env}}" } })
      destination = local.destination
      sync_policy = local.automated
    }
  }
  template_patch = "spec: { source: { helm: { parameters: [{ name: service.port, value: '{{ .port }}' }] } } }"

  wait       = {}
  depends_on = [gitops_application.this]
}

resource "gitops_application_set" "git" {
  name                = "git"
  namespace           = gitops_eks_capability_argocd.this.namespace
  go_template         = true
  go_template_options = ["missingkey=error"]

  generators = [{
    git = merge(local.directories, { directories = [
      { path = "plain" }, { path = "kustomize/overlays/*" }, { path = "quickstart", exclude = true },
    ] })
  }]

  template = {
    metadata = { name = "git-{{.path.basename}}" }
    spec = {
      project     = gitops_app_project.this.name
      source      = { repo_url = var.git_url, path = "{{.path.path}}", target_revision = var.git_branch }
      destination = local.destination
      sync_policy = local.automated
    }
  }

  wait       = {}
  depends_on = [gitops_application.this]
}

resource "gitops_application_set" "clusters" {
  name                = "clusters"
  namespace           = gitops_eks_capability_argocd.this.namespace
  go_template         = true
  go_template_options = ["missingkey=error"]

  generators = [{ clusters = { selector = { match_labels = { environment = "quickstart" } } } }]

  template = {
    metadata = { name = "clusters-{{.name}}" }
    spec = {
      project     = gitops_app_project.this.name
      source      = local.chart
      destination = { server = "{{.server}}", namespace = "quickstart" }
      sync_policy = local.automated
    }
  }

  wait       = {}
  depends_on = [gitops_application.this]
}

resource "gitops_application_set" "matrix" {
  name                = "matrix"
  namespace           = gitops_eks_capability_argocd.this.namespace
  go_template         = true
  go_template_options = ["missingkey=error"]

  generators = [{ matrix = { generators = [
    { git = merge(local.directories, { directories = [{ path = "chart" }] }) },
    { clusters = { selector = { match_labels = { environment = "quickstart" } } } },
  ] } }]

  template = {
    metadata = { name = "matrix-{{.path.basename}}-{{.name}}" }
    spec = {
      project     = gitops_app_project.this.name
      source      = { repo_url = var.git_url, path = "{{.path.path}}", target_revision = var.git_branch }
      destination = { name = "{{.name}}", namespace = "quickstart" }
      sync_policy = local.automated
    }
  }

  wait       = {}
  depends_on = [gitops_application.this]
}
"#;

/// What the sets generate.
const GENERATED: [&str; 6] =
    ["clusters-hub", "git-plain", "git-staging", "list-dev", "list-prod", "matrix-chart-hub"];

#[tokio::test]
async fn argo_cd_generates_deploys_and_deletes_the_applications_of_sets() {
    let sandbox = alone().await;
    let example = Workspace::of(sandbox.of(), "real-sets", quickstart::EXAMPLE);
    let workspace = sandbox.watch(example.with("TF_VAR_kargo", false));
    // To Argo CD in-cluster is always its own, and registered it would be there twice.
    workspace.edit("main.tf", "\"in-cluster\"", "\"hub\"");
    workspace.write("sets.tf", SETS);
    workspace.init().await;
    workspace.apply().await.succeeded();
    let applications = generated(&sandbox).await;
    for name in GENERATED {
        let status = applications.get(name).await["status"].clone();
        assert_eq!(status["sync"]["status"], "Synced", "{name}: {status:#}");
        assert_eq!(status["health"]["status"], "Healthy", "{name}: {status:#}");
    }
    let deployed = Objects::new(&sandbox, "v1", "ConfigMap", Some("quickstart"));
    assert_eq!(deployed.get("list-prod-guestbook").await["data"]["greeting"], "Hello prod");
    let service = Objects::new(&sandbox, "v1", "Service", Some("quickstart"));
    assert_eq!(service.get("list-dev-guestbook").await["spec"]["ports"][0]["port"], 81);
    workspace.plan().await.shows_no_changes();

    // Somebody changes a set: it shows, and the next apply mends it.
    let sets = Objects::new(&sandbox, ARGO_CD, "ApplicationSet", Some("argocd"));
    let options = json!({ "spec": { "goTemplateOptions": ["missingkey=default"] } });
    sets.patch("list", &options).await;
    let drift = one_change("gitops_application_set.list", "go_template_options[0]");
    assert_eq!(workspace.planned().await.changes(), drift);
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    workspace.plan().await.shows_no_changes();

    // A parameter that there is not is said as Argo CD says it, and nothing is deleted.
    workspace.edit("sets.tf", "Hello {{.env}}", "Hello {{.nobody}}");
    let run = workspace.apply().await.failed();
    run.says("gitops_application_set.list").says("nobody");
    assert!(applications.find("list-dev").await.is_some());
    workspace.edit("sets.tf", "Hello {{.nobody}}", "Good day {{.env}}");
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    assert_eq!(deployed.get("list-dev-guestbook").await["data"]["greeting"], "Good day dev");
    workspace.plan().await.shows_no_changes();

    // Argo CD has written to the sets meanwhile; an import does not take that for the user's.
    let address = "gitops_application_set.matrix";
    workspace.run(&["state", "rm", address]).await.succeeded();
    let import = ["import", "-input=false", "-no-color", address, "argocd/matrix"];
    workspace.run(&import).await.succeeded().says("Import successful!");
    let changes = workspace.planned().await.changes();
    assert_eq!(changes, one_change(address, "wait"));

    let run = workspace.destroy().await.succeeded();
    eprintln!("the destroy took {:?}", run.took);
    assert!(run.took < Duration::from_mins(2), "the destroy took {:?}", run.took);
    let left = sandbox.made().await;
    assert!(left.is_empty(), "left behind: {left:?}");
}

/// The applications, of which exactly these are generated.
async fn generated(sandbox: &Alone) -> Objects {
    let applications = Objects::new(sandbox, ARGO_CD, "Application", Some("argocd"));
    let all = crate::support::sandbox::names_of(sandbox, ARGO_CD, "Application").await;
    let generated: Vec<&str> =
        all.iter().map(String::as_str).filter(|name| *name != "quickstart").collect();
    assert_eq!(generated, GENERATED);
    for name in GENERATED {
        let owner: Json = applications.get(name).await["metadata"]["ownerReferences"].clone();
        assert_eq!(owner[0]["kind"], "ApplicationSet", "{owner:#}");
    }
    applications
}
