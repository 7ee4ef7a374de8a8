//! Objects that others have made become ours with all their fields: what leaves the configuration
//! leaves the object, whoever has put it there.

use std::process::Command;

use serde_json::{Value as Json, json};

use super::handover::managers;
use super::moves::{ARGOCD, Peer, metadata, move_here};
use crate::support::cli::Workspace;
use crate::support::sandbox::{Kinds, Objects, kinds};

const ADDRESS: &str = "gitops_application.this";
const FIXTURE: &str = "tests/fixtures/handover";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The application of the fixture, and more than that.
fn manifest(namespace: &str) -> Json {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": "shop", "namespace": namespace,
            "labels": { "team": "web", "extra": "yes" },
        },
        "spec": {
            "project": "default",
            "source": {
                "repoURL": "https://git.example.com/shop.git", "path": "chart",
                "targetRevision": "v1",
                "helm": { "releaseName": "shop", "valueFiles": ["a.yaml"], "skipCrds": true },
            },
            "destination": { "server": "https://shop.example.com", "namespace": "shop" },
            "info": [{ "name": "contact", "value": "web@example.com" }],
            "syncPolicy": { "syncOptions": ["CreateNamespace=true"] },
        },
    })
}

/// The workspace, with nothing but the namespace made.
async fn prepared(sandbox: &Kinds, name: &str) -> (Workspace, Objects) {
    let workspace = Workspace::of(sandbox.of(), name, FIXTURE).with("TF_VAR_on_destroy", "orphan");
    workspace.init().await;
    let target = "-target=gitops_kargo_project.this";
    let apply = ["apply", "-input=false", "-no-color", "-auto-approve", target];
    workspace.run(&apply).await.succeeded();
    let namespace = Some(workspace.prefix());
    let applications = Objects::new(sandbox, "argoproj.io/v1alpha1", "Application", namespace);
    (workspace, applications)
}

/// Runs a program of the sandbox in a folder with this file.
async fn run(sandbox: &Kinds, program: &str, arguments: &[&str], files: &[(&str, &Json)]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, content) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, content.to_string()).expect("a file");
    }
    let mut command = Command::new(sandbox.tool(program).expect("the sandbox has it"));
    command.args(arguments).current_dir(folder.path());
    command.envs(sandbox.env().iter().map(|(name, value)| (name, value)));
    command.env("HOME", folder.path());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let output = output.expect("a program that runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}

async fn import(workspace: &Workspace) {
    let id = format!("{}/shop", workspace.prefix());
    workspace.run(&["import", "-input=false", "-no-color", ADDRESS, &id]).await.succeeded();
}

/// That the object is as configured, with nothing more and nobody beside us.
async fn is_ours_alone(workspace: &Workspace, applications: &Objects) {
    let ours = applications.get("shop").await;
    assert_eq!(ours["metadata"]["labels"], json!({ "team": "web" }));
    assert_eq!(ours["metadata"]["annotations"], Json::Null, "{ours:#}");
    assert_eq!(
        ours["spec"]["source"]["helm"],
        json!({ "releaseName": "shop", "valueFiles": ["a.yaml"] })
    );
    assert_eq!(ours["spec"]["syncPolicy"], Json::Null, "{ours:#}");
    assert!(managers(&ours).iter().all(|name| name == "terraform-provider-gitops"), "{ours:#}");
    workspace.plan().await.shows_no_changes();

    // What leaves the configuration leaves the object.
    workspace.edit("main.tf", "release_name = \"shop\", ", "");
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    let changed = applications.get("shop").await;
    assert_eq!(changed["spec"]["source"]["helm"], json!({ "valueFiles": ["a.yaml"] }));
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
}

#[tokio::test]
async fn what_kubectl_applied_is_taken_over_by_an_import_with_nothing_left_behind() {
    let sandbox = kinds().await;
    let (workspace, applications) = prepared(&sandbox, "adopt-kubectl").await;
    let manifest = manifest(workspace.prefix());
    run(&sandbox, "kubectl", &["apply", "-f", "app.json"], &[("app.json", &manifest)]).await;
    let made = applications.get("shop").await;
    assert_eq!(managers(&made), ["kubectl-client-side-apply"]);
    assert!(made["metadata"]["annotations"][LAST_APPLIED].is_string());

    import(&workspace).await;
    // The plan shows what is to go, and not what kubectl has noted for itself.
    let changes = workspace.planned().await.changes();
    let shown: Vec<&str> = changes[ADDRESS].iter().map(String::as_str).collect();
    assert_eq!(
        shown,
        ["cascade", "labels.extra", "on_destroy", "source.helm.skip_crds", "sync_policy",]
    );
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    is_ours_alone(&workspace, &applications).await;
}

#[tokio::test]
async fn what_kubectl_applied_on_the_server_is_taken_over_likewise() {
    let sandbox = kinds().await;
    let (workspace, applications) = prepared(&sandbox, "adopt-ssa").await;
    let manifest = manifest(workspace.prefix());
    // As the manifest resource of Kubernetes' provider does.
    let apply = ["apply", "--server-side", "--field-manager=Terraform", "-f", "app.json"];
    run(&sandbox, "kubectl", &apply, &[("app.json", &manifest)]).await;
    assert_eq!(managers(&applications.get("shop").await), ["Terraform"]);
    import(&workspace).await;
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    is_ours_alone(&workspace, &applications).await;
}

#[tokio::test]
async fn what_helm_installed_is_taken_over_by_an_import_with_nothing_left_behind() {
    let sandbox = kinds().await;
    let (workspace, applications) = prepared(&sandbox, "adopt-helm").await;
    let manifest = manifest(workspace.prefix());
    let chart = json!({ "apiVersion": "v2", "name": "shop", "version": "1.0.0" });
    let files = [("shop/Chart.yaml", &chart), ("shop/templates/app.json", &manifest)];
    let install = ["install", "shop", "shop", "--namespace", workspace.prefix()];
    run(&sandbox, "helm", &install, &files).await;
    let made = applications.get("shop").await;
    assert_eq!(managers(&made), ["helm"]);
    assert_eq!(made["metadata"]["labels"]["app.kubernetes.io/managed-by"], "Helm");

    import(&workspace).await;
    let changes = workspace.planned().await.changes();
    let shown = &changes[ADDRESS];
    assert!(shown.iter().any(|shown| shown.starts_with("annotations")), "{shown:?}");
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    is_ours_alone(&workspace, &applications).await;
}

#[tokio::test]
async fn a_create_takes_what_is_configured_and_leaves_the_rest_to_whom_it_belongs() {
    let sandbox = kinds().await;
    let (workspace, applications) = prepared(&sandbox, "adopt-create").await;
    let manifest = manifest(workspace.prefix());
    run(&sandbox, "kubectl", &["apply", "-f", "app.json"], &[("app.json", &manifest)]).await;
    workspace.apply().await.succeeded().says("Adopted an existing object");
    let adopted = applications.get("shop").await;
    assert_eq!(adopted["metadata"]["labels"], json!({ "team": "web", "extra": "yes" }));
    assert!(adopted["metadata"]["annotations"][LAST_APPLIED].is_string());
    let kubectl = adopted["metadata"]["managedFields"].as_array().expect("entries");
    let kubectl = kubectl.iter().find(|it| it["manager"] == "kubectl-client-side-apply");
    let fields = kubectl.expect("it has fields of its own")["fieldsV1"].to_string();
    assert!(fields.contains("f:extra") && !fields.contains("f:releaseName"), "{fields}");
    workspace.plan().await.shows_no_changes();

    workspace.edit("main.tf", "release_name = \"shop\", ", "");
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    let changed = applications.get("shop").await;
    let helm = json!({ "valueFiles": ["a.yaml"], "skipCrds": true });
    assert_eq!(changed["spec"]["source"]["helm"], helm);
    workspace.destroy().await.succeeded();
}

#[tokio::test]
async fn a_create_without_more_leaves_nothing_of_kubectl() {
    let sandbox = kinds().await;
    let (workspace, applications) = prepared(&sandbox, "adopt-exact").await;
    let mut manifest = manifest(workspace.prefix());
    for (part, field) in
        [("/metadata/labels", "extra"), ("/spec/source/helm", "skipCrds"), ("/spec", "syncPolicy")]
    {
        let part = manifest.pointer_mut(part).expect("a part");
        part.as_object_mut().expect("an object").remove(field);
    }
    run(&sandbox, "kubectl", &["apply", "-f", "app.json"], &[("app.json", &manifest)]).await;
    workspace.apply().await.succeeded().says("Adopted an existing object");
    is_ours_alone(&workspace, &applications).await;
}

#[tokio::test]
async fn a_move_takes_the_fields_over_with_the_state() {
    let sandbox = kinds().await;
    let (workspace, applications) = prepared(&sandbox, "adopt-move").await;
    workspace.clone().without("TF_VAR_on_destroy").apply().await.succeeded();
    // As if the API server of Argo CD had written all of it.
    let mut entries = applications.get("shop").await["metadata"]["managedFields"].clone();
    for entry in entries.as_array_mut().expect("entries") {
        entry["manager"] = json!("argocd-server");
        entry["operation"] = json!("Update");
    }
    applications.patch("shop", &json!({ "metadata": { "managedFields": entries } })).await;
    assert_eq!(managers(&applications.get("shop").await), ["argocd-server"]);
    let peer = Peer {
        ours: ("gitops_application", "this"),
        provider: ARGOCD,
        type_name: "argocd_application",
        attributes: metadata,
    };
    move_here(&workspace.clone().without("TF_VAR_on_destroy"), &sandbox, &[peer]).await;

    // The first apply that has anything to do takes all of them.
    workspace.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    is_ours_alone(&workspace, &applications).await;
}
