//! Kargo's objects in a real API server. Kargo itself cannot be built here: what its controllers
//! and webhooks write is written by the tests, as it was recorded of Kargo 1.11.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::support::cli::{Run, Workspace};
use crate::support::sandbox::{Kinds, Objects, eventually, kinds};

const KARGO: &str = "kargo.akuity.io/v1alpha1";
const URL: &str = "https://kargo.example.com/github/320b088ce31415de7a9fdad5b53421c2";

fn workspace(sandbox: &Kinds, name: &str) -> Workspace {
    Workspace::of(sandbox.of(), name, "tests/fixtures/kargo").with("TF_VAR_token", "hunter2")
}

fn of_project(sandbox: &Kinds, workspace: &Workspace, kind: &str) -> Objects {
    Objects::new(sandbox, KARGO, kind, Some(workspace.prefix())).by("kargo")
}

/// What Kargo says of a configuration that it has taken up.
fn ready(generation: &Json) -> Json {
    json!({
        "observedGeneration": generation,
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "Synced",
            "message": "ProjectConfig is synced and ready for use",
            "observedGeneration": generation, "lastTransitionTime": "2026-11-21T06:38:51Z",
        }],
        "webhookReceivers": [{ "name": "gh", "path": "/github/320b", "url": URL }],
    })
}

/// Applies while Kargo's management controller looks at the configuration of the project: at
/// first it misses the Secret, as it does when that is made at the same time.
async fn applied(sandbox: &Kinds, workspace: &Workspace) -> Run {
    let configs = of_project(sandbox, workspace, "ProjectConfig");
    let name = workspace.prefix();
    let answer = async {
        let config = eventually("a configuration to look at", || async {
            configs.find(name).await.ok_or_else(|| "it is not there".to_owned())
        })
        .await;
        let generation = &config["metadata"]["generation"];
        let mut refused = ready(generation);
        refused["conditions"][0]["status"] = json!("False");
        refused["conditions"][0]["reason"] = json!("SyncWebhookReceiversFailed");
        refused["conditions"][0]["message"] = json!("Secret \"gh-hook\" not found");
        refused["webhookReceivers"] = json!([]);
        configs.patch_status(name, &refused).await;
        configs.patch_status(name, &ready(generation)).await;
    };
    tokio::join!(workspace.apply(), answer).0
}

#[tokio::test]
async fn every_kind_is_made_and_stays_as_it_is_whatever_kargo_writes() {
    let sandbox = kinds().await;
    let workspace = workspace(&sandbox, "kargo");
    workspace.init().await;
    applied(&sandbox, &workspace).await.succeeded().says("9 added");
    workspace.plan().await.shows_no_changes();
    let outputs = workspace.run(&["output", "-raw", "url"]).await.succeeded();
    assert_eq!(outputs.output.trim(), URL);

    let secrets = Objects::new(&sandbox, "v1", "Secret", Some(workspace.prefix()));
    let git = secrets.get("git").await;
    assert_eq!(git["metadata"]["labels"], json!({ "kargo.akuity.io/cred-type": "git" }));
    assert_eq!(git["data"]["password"], STANDARD.encode("hunter2"));
    assert!(!workspace.read("terraform.tfstate").contains("hunter2"));

    // Durations anew, the defaults of the webhook, an actor, and what the controller keeps.
    let tasks = of_project(&sandbox, &workspace, "PromotionTask");
    let mut steps = tasks.get("bump").await["spec"]["steps"].clone();
    assert_eq!(steps[0]["retry"]["timeout"], "1h30m0s");
    steps[0]["retry"]["timeout"] = json!("90m0s");
    tasks.patch("bump", &json!({ "spec": { "steps": steps } })).await;
    let stages = of_project(&sandbox, &workspace, "Stage");
    let reverify =
        json!({ "kargo.akuity.io/reverify": "{\"id\":\"a\",\"actor\":\"kubernetes:b\"}" });
    stages.patch("dev", &json!({ "metadata": { "annotations": reverify } })).await;
    workspace.plan().await.shows_no_changes();

    imported(&workspace).await;
    workspace.destroy().await.succeeded();
    assert_eq!(tasks.find("bump").await, None);
    let cluster_wide = Objects::new(&sandbox, KARGO, "ClusterConfig", None);
    assert_eq!(cluster_wide.find("cluster").await, None);
}

/// Forgets everything, and imports it by texts and by identities.
async fn imported(workspace: &Workspace) {
    let prefix = workspace.prefix();
    let in_project = |address: &str, name: &str| {
        let identity = format!(r#"{{ namespace = "{prefix}", name = "{name}" }}"#);
        (address.to_owned(), format!("{prefix}/{name}"), identity)
    };
    let named = |address: &str, name: String| {
        let identity = format!(r#"{{ name = "{name}" }}"#);
        (address.to_owned(), name, identity)
    };
    let config = (
        "gitops_kargo_project_config.this".to_owned(),
        prefix.to_owned(),
        format!(r#"{{ namespace = "{prefix}" }}"#),
    );
    let all = [
        config,
        named("gitops_kargo_project.this", prefix.to_owned()),
        named("gitops_kargo_cluster_config.this", "cluster".to_owned()),
        named("gitops_kargo_cluster_promotion_task.noop", format!("{prefix}-noop")),
        in_project("gitops_kargo_promotion_task.bump", "bump"),
        in_project("gitops_kargo_credentials.git", "git"),
    ];
    let forget = |all: &[(String, String, String)]| {
        let addresses: Vec<_> = all.iter().map(|(address, ..)| address.clone()).collect();
        let workspace = workspace.clone();
        async move {
            let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
            workspace.run(&[&["state", "rm"], &addresses[..]].concat()).await.succeeded();
        }
    };
    forget(&all).await;
    for (address, id, _) in &all {
        let import = ["import", "-input=false", "-no-color", address.as_str(), id];
        workspace.run(&import).await.succeeded().says("Import successful!");
    }
    // What is kept nowhere is not known to be the same.
    let unknown = BTreeMap::from([(
        "gitops_kargo_credentials.git".to_owned(),
        vec!["password_wo_version".to_owned()],
    )]);
    assert_eq!(workspace.planned().await.changes(), unknown);
    forget(&all).await;
    let block = |(address, _, identity): &(String, String, String)| {
        format!("import {{\n  to = {address}\n  identity = {identity}\n}}\n")
    };
    workspace.write("imports.tf", &all.iter().map(block).collect::<String>());
    workspace.apply().await.succeeded().says("6 imported, 0 added, 1 changed, 0 destroyed");
    workspace.remove("imports.tf");
    workspace.plan().await.shows_no_changes();
}

#[tokio::test]
async fn what_somebody_changed_of_a_kargo_shows_as_that() {
    let sandbox = kinds().await;
    let workspace = workspace(&sandbox, "kargo-drift");
    // There is one in the whole cluster, and another test has it.
    let text = workspace.read("main.tf");
    let (before, rest) = text.split_once("resource \"gitops_kargo_cluster_config\"").expect("one");
    let (_, after) = rest.split_once("\n}\n").expect("its end");
    workspace.write("main.tf", &format!("{before}{after}"));
    workspace.init().await;
    applied(&sandbox, &workspace).await.succeeded().says("8 added");

    let configs = of_project(&sandbox, &workspace, "ProjectConfig");
    let config = configs.get(workspace.prefix()).await;
    let mut policies = config["spec"]["promotionPolicies"].clone();
    policies[1]["autoPromotionEnabled"] = json!(true);
    let change = json!({ "spec": { "promotionPolicies": policies } });
    configs.patch(workspace.prefix(), &change).await;
    let secrets = Objects::new(&sandbox, "v1", "Secret", Some(workspace.prefix()));
    secrets.patch("git", &json!({ "data": { "username": STANDARD.encode("other") } })).await;
    let added =
        json!({ "data": { "username": STANDARD.encode("x"), "added": STANDARD.encode("y") } });
    secrets.patch("gh-hook", &added).await;
    let tasks = of_project(&sandbox, &workspace, "PromotionTask");
    let mut steps = tasks.get("bump").await["spec"]["steps"].clone();
    steps[0]["config"]["path"] = json!("./elsewhere");
    // Steps are one value: where one part is changed, all of it shows as it is spelled there.
    steps[0]["retry"]["timeout"] = json!("90m");
    tasks.patch("bump", &json!({ "spec": { "steps": steps } })).await;

    let expected = BTreeMap::from(
        [
            ("gitops_kargo_credentials.git", "username"),
            ("gitops_kargo_credentials.hook", "data.username"),
            ("gitops_kargo_project_config.this", "promotion_policies[1].auto_promotion_enabled"),
            ("gitops_kargo_promotion_task.bump", "steps[0].config.path"),
        ]
        .map(|(address, field)| (address.to_owned(), vec![field.to_owned()])),
    );
    assert_eq!(workspace.planned().await.changes(), expected);
    let configuration = workspace.clone();
    configuration.edit("main.tf", "name = \"dev\" }, auto", "name = \"prod\" }, auto");
    let stages = of_project(&sandbox, &workspace, "Stage");
    let refresh = |stage: &Json| {
        stage["metadata"]["annotations"]["kargo.akuity.io/refresh"].as_str().map(str::to_owned)
    };
    // Of a stage that was to promote by itself, Kargo is asked to look again: once when that was
    // said first, and once when it is taken back.
    let asked = refresh(&stages.get("dev").await).expect("a request to look at the stage");
    stages.patch_status("dev", &json!({ "autoPromotionEnabled": true })).await;
    let generation = async {
        let seen = eventually("an update", || async {
            let seen = configs.get(workspace.prefix()).await;
            let is_new = seen["spec"]["promotionPolicies"][0]["stageSelector"]["name"] == "prod";
            if is_new { Ok(seen) } else { Err(seen.to_string()) }
        })
        .await;
        let status = ready(&seen["metadata"]["generation"]);
        configs.patch_status(workspace.prefix(), &status).await;
    };
    let (run, ()) = tokio::join!(configuration.apply(), generation);
    run.succeeded().says("4 changed");
    let asked_again = refresh(&stages.get("dev").await);
    assert!(asked_again.is_some_and(|token| token != asked));
    workspace.plan().await.shows_no_changes();
    let hook = secrets.get("gh-hook").await;
    assert_eq!(hook["data"]["username"], STANDARD.encode("hook"));
    assert_eq!(hook["data"]["added"], STANDARD.encode("y"), "what is not ours is left alone");

    // A new password alone is nothing to apply: its version is.
    let rotated = workspace.clone().with("TF_VAR_token", "hunter3").with("TF_VAR_token_version", 2);
    let changes = rotated.planned().await.changes();
    assert_eq!(changes["gitops_kargo_credentials.git"], ["password_wo_version"]);
    rotated.apply().await.succeeded();
    assert_eq!(secrets.get("git").await["data"]["password"], STANDARD.encode("hunter3"));

    // Emptied, the configuration of the project keeps nothing of what it had.
    let text = workspace.read("main.tf");
    let (before, rest) = text.split_once("  promotion_policies = [").expect("policies");
    let (_, after) = rest.split_once("  # The policies are for").expect("their end");
    let (after, outputs) = after.split_once("output \"url\"").expect("an output");
    let (_, outputs) = outputs.split_once("\n}\n").expect("its end");
    workspace.write("main.tf", &format!("{before}  #{after}{outputs}"));
    rotated.apply().await.succeeded().says("1 changed");
    let spec = configs.get(workspace.prefix()).await["spec"].clone();
    assert!(spec.is_null() || spec == json!({}), "{spec}");
    rotated.plan().await.shows_no_changes();
    rotated.destroy().await.succeeded();
}
