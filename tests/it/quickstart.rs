//! `examples/quickstart` with the real tools: from nothing to a synced application, and back.

use std::collections::BTreeSet;

use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{Alone, Objects, alone, definitions_of_argo_cd, names_of};

pub(crate) const EXAMPLE: &str = "examples/quickstart";

#[tokio::test]
async fn tofu_makes_everything_in_one_apply_and_a_destroy_leaves_nothing() {
    let sandbox = alone().await;
    // From nothing: the kinds come with the capability, in the middle of the apply.
    sandbox.without_definitions().await;
    there_and_back(&sandbox, Cli::Tofu).await;
}

#[tokio::test]
async fn terraform_makes_everything_in_one_apply_and_a_destroy_leaves_nothing() {
    let sandbox = alone().await;
    there_and_back(&sandbox, Cli::Terraform).await;
}

async fn there_and_back(sandbox: &Alone, cli: Cli) {
    let name = format!("quickstart-{}", cli.name());
    let workspace = sandbox.watch(Workspace::of(sandbox.of(), &name, EXAMPLE).under(cli));
    let namespaces = namespaces(sandbox).await;

    workspace.init().await;
    workspace.plan().await.shows_changes().says("Plan: 10 to add, 0 to change, 0 to destroy.");
    workspace.apply().await.succeeded().says("Apply complete! Resources: 10 added");
    assert_eq!(sandbox.made().await, everything());
    deployed(sandbox).await;
    workspace.plan().await.shows_no_changes();
    workspace.apply().await.succeeded().says("0 added, 0 changed, 0 destroyed");

    workspace.destroy().await.succeeded();
    assert_eq!(sandbox.made().await, BTreeSet::new(), "left behind");
    only_what_stays_on_purpose(sandbox, &namespaces).await;
}

/// What the quickstart makes, besides what the capability makes for itself.
pub(crate) fn everything() -> BTreeSet<String> {
    [
        "IAM role sandbox-argocd",
        "capability argocd",
        "access entry arn:aws:iam::123456789012:role/sandbox-argocd",
        "Secret argocd/in-cluster",
        "AppProject argocd/quickstart",
        "Application argocd/quickstart",
        "Namespace quickstart-pipeline",
        "Project quickstart-pipeline",
        "Warehouse quickstart-pipeline/manifests",
        "Stage quickstart-pipeline/dev",
        "Stage quickstart-pipeline/prod",
    ]
    .map(str::to_owned)
    .into()
}

/// The application is synced and healthy, and what it deploys is in the cluster.
async fn deployed(sandbox: &Alone) {
    let applications = Objects::new(sandbox, "argoproj.io/v1alpha1", "Application", Some("argocd"));
    let status = applications.get("quickstart").await["status"].clone();
    assert_eq!(status["sync"]["status"], "Synced", "{status:#}");
    assert_eq!(status["health"]["status"], "Healthy", "{status:#}");
    let deployed = status["resources"].as_array().expect("deployed objects");
    assert!(!deployed.is_empty(), "{status:#}");
    for object in deployed {
        let text = |field: &str| object[field].as_str();
        let api_version = [text("group"), text("version")].into_iter().flatten();
        let api_version = api_version.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        let kind = text("kind").expect("a kind");
        let objects = Objects::new(sandbox, &api_version, kind, text("namespace"));
        objects.get(text("name").expect("a name")).await;
    }
}

/// What a destroy leaves is what the capability made for itself, since the EKS API deletes
/// capabilities with RETAIN: its namespace, the kinds, and the project `default`.
async fn only_what_stays_on_purpose(sandbox: &Alone, before: &BTreeSet<String>) {
    let now = namespaces(sandbox).await;
    let left: Vec<_> = now.difference(before).filter(|name| *name != "argocd").collect();
    assert!(left.is_empty(), "namespaces are left behind: {left:?}");
    let kinds = names_of(sandbox, "apiextensions.k8s.io/v1", "CustomResourceDefinition").await;
    assert!(definitions_of_argo_cd().iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    let projects = names_of(sandbox, "argoproj.io/v1alpha1", "AppProject").await;
    assert!(projects.contains("default"), "{projects:?}");
}

async fn namespaces(sandbox: &Alone) -> BTreeSet<String> {
    names_of(sandbox, "v1", "Namespace").await
}

/// The same as two units, with mock outputs for the plan of the second.
#[tokio::test]
async fn terragrunt_makes_both_units_in_one_run() {
    const EXAMPLES: &str = "terragrunt-examples";
    let sandbox = alone().await;
    let workspace = Workspace::of(sandbox.of(), "terragrunt", EXAMPLES).under(Cli::Terragrunt);
    let all = async |arguments: &[&str]| {
        let run = ["run", "--all", "--non-interactive", "--no-color", "--"];
        workspace.run(&[&run[..], arguments].concat()).await
    };
    all(&["plan", "-input=false", "-no-color"]).await.succeeded();
    let applied = all(&["apply", "-input=false", "-no-color", "-auto-approve"]).await;
    applied.succeeded();
    assert!(!sandbox.made().await.is_empty());
    all(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]).await.shows_no_changes();
    all(&["destroy", "-input=false", "-no-color", "-auto-approve"]).await.succeeded();
    assert_eq!(sandbox.made().await, BTreeSet::new(), "left behind");
}
