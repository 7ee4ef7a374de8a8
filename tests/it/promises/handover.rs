//! Objects that are handed over: made once and left to others, only read, and ended in every way.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::support::cli::Workspace;
use crate::support::sandbox::{Kinds, Objects, kinds};

const ADDRESS: &str = "gitops_application.this";
const FIXTURE: &str = "tests/fixtures/handover";

fn changes(attributes: &[&str]) -> BTreeMap<String, Vec<String>> {
    let attributes = attributes.iter().map(|name| (*name).to_owned()).collect();
    BTreeMap::from([(ADDRESS.to_owned(), attributes)])
}

fn applications(sandbox: &Kinds, workspace: &Workspace) -> Objects {
    Objects::new(sandbox, "argoproj.io/v1alpha1", "Application", Some(workspace.prefix()))
}

/// Who owns fields of an object, in the order of their names.
pub(super) fn managers(object: &Json) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array();
    let names = entries.into_iter().flatten().filter_map(|entry| entry["manager"].as_str());
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    names.sort();
    names
}

/// Whether this provider is among the owners of a field, by its key in the managed fields.
fn owns(object: &Json, key: &str) -> bool {
    let entries = object["metadata"]["managedFields"].as_array();
    let ours = |entry: &&Json| entry["manager"].to_string().contains("gitops");
    let mut ours = entries.into_iter().flatten().filter(ours);
    ours.any(|entry| entry["fieldsV1"].to_string().contains(key))
}

/// The same with other variables.
fn with(workspace: &Workspace, management: &str, on_destroy: &str) -> Workspace {
    let on_destroy = Some(on_destroy).filter(|text| !text.is_empty());
    let workspace = workspace.clone().with("TF_VAR_management", management);
    match on_destroy {
        Some(on_destroy) => workspace.with("TF_VAR_on_destroy", on_destroy),
        None => workspace,
    }
}

#[tokio::test]
async fn what_is_bootstrapped_is_made_once_and_then_left_to_others() {
    let sandbox = kinds().await;
    let workspace = Workspace::of(sandbox.of(), "bootstrap", FIXTURE);
    workspace.init().await;
    let bootstrap = with(&workspace, "bootstrap", "");
    bootstrap.apply().await.succeeded().says("2 added");
    let applications = applications(&sandbox, &workspace);
    let made = applications.get("shop").await;
    assert_eq!(made["spec"]["source"]["targetRevision"], "v1");
    assert!(!owns(&made, "f:source") && !owns(&made, "f:labels"), "{made:#}");
    // GitOps meets no conflict.
    let applied = json!({ "spec": { "source": { "targetRevision": "v2" } } });
    applications.apply("shop", &applied).await;
    bootstrap.plan().await.shows_no_changes();

    // Others change one field, take one away and add one: none of it is a matter of this plan.
    let theirs = json!({ "metadata": { "labels": { "team": "gitops" } }, "spec": {
        "source": { "helm": { "valueFiles": ["b.yaml", "c.yaml"] } },
        "info": null,
        "revisionHistoryLimit": 3,
    } });
    applications.patch("shop", &theirs).await;
    bootstrap.plan().await.shows_no_changes();
    workspace.edit("main.tf", "\"v1\"", "\"v3\"");
    bootstrap.plan().await.shows_no_changes();
    bootstrap.apply().await.succeeded().says("0 added, 0 changed, 0 destroyed");
    let left = applications.get("shop").await;
    assert_eq!(left["spec"]["source"]["targetRevision"], "v2");
    assert_eq!(left["spec"]["info"], Json::Null);

    // Taken back, the plan shows what it will write, and only then it is written.
    let full = with(&workspace, "full", "");
    let shown = ["labels.team", "management", "source.helm.value_files", "source.target_revision"];
    assert_eq!(full.planned().await.changes(), changes(&shown));
    full.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    let ours = applications.get("shop").await;
    assert_eq!(ours["spec"]["source"]["targetRevision"], "v3");
    assert_eq!(ours["spec"]["info"][0]["name"], "contact");
    assert_eq!(ours["spec"]["revisionHistoryLimit"], 3);
    full.plan().await.shows_no_changes();

    // And handed over again: nothing is written but who owns what.
    assert_eq!(bootstrap.planned().await.changes(), changes(&["management"]));
    bootstrap.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    let released = applications.get("shop").await;
    assert_eq!(released["spec"], ours["spec"]);
    assert!(!managers(&released).iter().any(|name| name.contains("gitops")), "{released:#}");
    bootstrap.plan().await.shows_no_changes();

    // An import of it changes nothing of the object either.
    let id = format!("{}/shop", workspace.prefix());
    bootstrap.run(&["state", "rm", ADDRESS]).await.succeeded();
    bootstrap.run(&["import", "-input=false", "-no-color", ADDRESS, &id]).await.succeeded();
    bootstrap.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    let version = |object: &Json| object["metadata"]["resourceVersion"].clone();
    assert_eq!(version(&applications.get("shop").await), version(&released));
    bootstrap.plan().await.shows_no_changes();

    // Nor does a create of what is there already.
    bootstrap.run(&["state", "rm", ADDRESS]).await.succeeded();
    bootstrap.apply().await.succeeded().says("was there already").says("1 added");
    assert_eq!(version(&applications.get("shop").await), version(&released));
    bootstrap.plan().await.shows_no_changes();

    // It is gone, so it is made again.
    let without_finalizers = json!({ "metadata": { "finalizers": null } });
    applications.patch("shop", &without_finalizers).await;
    applications.delete("shop").await;
    bootstrap.apply().await.succeeded().says("1 added");
    let again = applications.get("shop").await;
    assert_eq!(again["spec"]["source"]["targetRevision"], "v3");

    // No controller takes the finalizer of `cascade` away: the destroy does, and waits for nobody.
    with(&workspace, "bootstrap", "orphan").apply().await.succeeded().says("1 changed");
    bootstrap.destroy().await.succeeded();
    assert_eq!(applications.find("shop").await, None);
}

#[tokio::test]
async fn what_is_observed_has_to_be_there_and_is_never_written() {
    let sandbox = kinds().await;
    let workspace = Workspace::of(sandbox.of(), "observe", FIXTURE);
    workspace.init().await;
    let observe = with(&workspace, "observe", "");
    let run = observe.apply().await.failed();
    let object = format!("Application {}/shop is not there", workspace.prefix());
    run.says(&object).says("management = \"bootstrap\" to make it");
    with(&workspace, "observe", "delete").plan().await.failed().says("is not deleted");

    let applications = applications(&sandbox, &workspace);
    let theirs = json!({ "metadata": { "name": "shop" }, "spec": {
        "project": "default",
        "source": { "repoURL": "https://git.example.com/theirs.git", "path": "." },
        "destination": { "server": "https://theirs.example.com", "namespace": "theirs" },
    } });
    applications.create(&theirs).await;
    let before = applications.get("shop").await;
    observe.apply().await.succeeded().says("1 added");
    observe.plan().await.shows_no_changes();
    // The state shows what is live.
    observe.run(&["apply", "-refresh-only", "-auto-approve", "-input=false"]).await.succeeded();
    let shown = observe.run(&["state", "show", "-no-color", ADDRESS]).await.succeeded();
    shown.says("https://git.example.com/theirs.git").says("https://theirs.example.com");
    observe.plan().await.shows_no_changes();

    let plan = observe.run(&["plan", "-destroy", "-input=false", "-no-color"]).await.succeeded();
    plan.says("The object is not deleted");
    observe.destroy().await.succeeded();
    // Its namespace goes with the project that made it; the object was left to that.
    let after = applications.find("shop").await;
    assert!(after.is_none_or(|after| after["spec"] == before["spec"]), "it was written to");
}

#[tokio::test]
async fn what_is_abandoned_stays_and_is_anybody_s() {
    let sandbox = kinds().await;
    let workspace = Workspace::of(sandbox.of(), "abandon", FIXTURE);
    workspace.init().await;
    let abandon = with(&workspace, "full", "abandon");
    abandon.apply().await.succeeded();
    let applications = applications(&sandbox, &workspace);
    let before = applications.get("shop").await;
    let target = format!("-target={ADDRESS}");
    let destroy = ["destroy", "-input=false", "-no-color", "-auto-approve", &target];
    abandon.run(&destroy).await.succeeded().says("The object is not deleted");
    let after = applications.get("shop").await;
    assert_eq!(after["spec"], before["spec"]);
    assert_eq!(after["metadata"]["finalizers"], before["metadata"]["finalizers"]);
    assert!(!owns(&after, "f:source") && !owns(&after, "f:labels"), "{after:#}");

    // Somebody else's apply meets no conflict.
    let theirs = json!({ "spec": { "source": { "targetRevision": "v2" } } });
    applications.apply("shop", &theirs).await;
    applications.patch("shop", &json!({ "metadata": { "finalizers": null } })).await;
    workspace.destroy().await.succeeded();
}
