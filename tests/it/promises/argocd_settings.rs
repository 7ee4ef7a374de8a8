//! The example for the settings of Argo CD: what they say is what the real Argo CD decides, judges
//! and sends.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, HeaderValue, header};
use gitops_sandbox::argocd::notifications::Notifications;
use serde_json::{Value as Json, json};

use super::argocd_examples::{ARGO_CD, apply, deployed, destroy, example};
use crate::support::cli::Workspace;
use crate::support::sandbox::{Objects, eventually};
use crate::support::self_managed::{SelfManaged, self_managed};

const TOKEN: &str = "hunter2-of-the-chat";

/// Who asks for what, and whether it is granted.
const GRANTS: [(&str, &str, bool); 9] = [
    // The role of everybody.
    ("somebody", "get applications default/shop-flags", true),
    ("somebody", "sync applications default/shop-flags", false),
    // The team's, by its group and by its name.
    ("shop-developers", "sync applications default/shop-flags", true),
    ("shop-developers", "sync applications default/billing", false),
    ("shop-developers", "delete applications default/shop-flags", false),
    ("role:shop", "action/apps/Deployment/restart applications default/shop-flags", true),
    ("role:shop", "action/apps/Deployment/restart applications default/billing", false),
    // One that Argo CD brings, given to a group.
    ("platform-engineers", "delete clusters https://kubernetes.default.svc", true),
    ("shop-developers", "delete clusters https://kubernetes.default.svc", false),
];

/// What a user sees of it in another configuration.
const WATCH: &str = r#"
data "gitops_application" "flags" {
  name = gitops_application.flags.name
}

output "watched" {
  value = {
    status   = data.gitops_application.flags.health.status
    messages = compact(data.gitops_application.flags.resources[*].health.message)
  }
}
"#;

#[tokio::test]
async fn argo_cd_grants_judges_and_notifies_as_its_settings_say() {
    let sandbox = self_managed().await;
    let chat = Chat::default();
    let workspace = example(&sandbox, "argocd-settings").await;
    let workspace = workspace.with("TF_VAR_chat_url", chat.serve().await);
    let workspace = sandbox.watch(workspace.with("TF_VAR_chat_token", TOKEN));
    let notifications = Notifications::start(&sandbox, "argocd").await.expect("a controller");
    let before = settings(&sandbox).await;

    apply(&sandbox, &workspace).await;
    deployed(&sandbox, &["shop-flags"]).await;
    for (subject, request, granted) in GRANTS {
        assert_eq!(grants(&sandbox, subject, request).await, granted, "{subject}: {request}");
    }
    // The application has asked for this, and the secret is what was configured.
    let message = chat.hears("is deployed to", &notifications).await;
    assert_eq!(message["text"], "shop-flags is deployed to sandbox");
    assert!(!workspace.read("terraform.tfstate").contains(TOKEN), "a secret is in the state");

    unfinished(&sandbox, &workspace).await;
    degraded(&sandbox, &workspace, &chat, &notifications).await;

    destroy(&sandbox, &workspace, &[]).await;
    let flags = flags(&sandbox).names().await;
    assert!(flags.is_empty(), "{flags:?}");
    assert_eq!(settings(&sandbox).await, before);
    // Argo CD never deletes a definition with an application.
    let kind = "CustomResourceDefinition";
    let definitions = Objects::new(&sandbox, "apiextensions.k8s.io/v1", kind, None);
    definitions.get("featureflags.shop.example.com").await;
    definitions.delete("featureflags.shop.example.com").await;
}

/// What the check calls progressing is waited for, and ignored differences are left alone.
async fn unfinished(sandbox: &SelfManaged, workspace: &Workspace) {
    let flags = flags(sandbox);
    let turn = |rollout: u8| json!({ "spec": { "rollout": rollout } });
    flags.patch("express-checkout", &turn(20)).await;
    judged(sandbox, "Progressing", "20 % of the customers have it").await;
    workspace.plan().await.shows_no_changes();

    let labelled = "cascade = \"foreground\"\n  labels  = { team = \"shop\" }";
    workspace.edit("main.tf", "cascade = \"foreground\"", labelled);
    let mut run = workspace.start(&["apply", "-input=false", "-no-color", "-auto-approve"]);
    eventually("a comparison after the change", || async {
        let metadata = application(sandbox).await["metadata"].clone();
        let asked = &metadata["annotations"]["argocd.argoproj.io/refresh"];
        let changed = metadata["labels"]["team"] == "shop" && asked.is_null();
        if changed { Ok(()) } else { Err(metadata.to_string()) }
    })
    .await;
    let status = application(sandbox).await["status"].clone();
    assert_eq!(status["sync"]["status"], "Synced", "{status:#}");
    assert_eq!(flags.get("express-checkout").await["spec"]["rollout"], 20);
    assert!(!run.is_over(), "it did not wait: {}", run.output());
    flags.patch("express-checkout", &turn(100)).await;
    run.ended().await.succeeded().says("1 changed");
    workspace.plan().await.shows_no_changes();
}

/// What the check calls degraded is told with its message: to everybody by notification, to who
/// reads the application, and to who waits for it.
async fn degraded(
    sandbox: &SelfManaged,
    workspace: &Workspace,
    chat: &Chat,
    notifications: &Notifications,
) {
    const WHY: &str = "withdrawn: cards are charged \"twice\"";
    let flags = flags(sandbox);
    let withdrawn = json!({ "spec": { "withdrawn": "cards are charged \"twice\"" } });
    flags.patch("express-checkout", &withdrawn).await;
    judged(sandbox, "Degraded", WHY).await;
    let message = chat.hears("is degraded", notifications).await;
    let why = format!("FeatureFlag express-checkout: {WHY}");
    assert_eq!(message, json!({ "text": "shop-flags is degraded", "why": [why] }));

    workspace.write("watch.tf", WATCH);
    workspace.apply().await.succeeded().says("0 added, 0 changed, 0 destroyed");
    let watched = workspace.run(&["output", "-json", "watched"]).await.succeeded();
    let watched: Json = serde_json::from_str(&watched.output).expect("an output as JSON");
    assert_eq!(watched["status"], "Degraded");
    let messages = watched["messages"].as_array().expect("messages");
    assert!(messages.contains(&WHY.into()), "{watched:#}");
    workspace.remove("watch.tf");

    workspace.edit("main.tf", "team = \"shop\"", "team = \"checkout\"");
    let run = workspace.apply().await.failed();
    run.says("Updating gitops_application \"argocd/shop-flags\"")
        .says(&format!("health Degraded (FeatureFlag shop-flags/express-checkout: {WHY})"))
        .says("Mend what the message names and apply again");
    flags.patch("express-checkout", &json!({ "spec": { "withdrawn": null } })).await;
    judged(sandbox, "Healthy", "all customers have it").await;
    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();
}

fn flags(sandbox: &SelfManaged) -> Objects {
    Objects::new(sandbox, "shop.example.com/v1", "FeatureFlag", Some("shop-flags"))
}

async fn application(sandbox: &SelfManaged) -> Json {
    Objects::new(sandbox, ARGO_CD, "Application", Some("argocd")).get("shop-flags").await
}

/// That Argo CD calls the application so, for what the check says of the flag.
async fn judged(sandbox: &SelfManaged, verdict: &str, message: &str) {
    eventually("another judgement", || async {
        let status = application(sandbox).await["status"].clone();
        let resources = status["resources"].as_array().cloned().unwrap_or_default();
        let flag = resources.iter().find(|resource| resource["kind"] == "FeatureFlag");
        let health = json!({ "status": verdict, "message": message });
        let of_flag = flag.is_some_and(|flag| flag["health"] == health);
        let so = status["health"]["status"] == verdict && of_flag;
        if so && status["sync"]["status"] == "Synced" { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
}

/// What Argo CD's own tool says of a request, by the policies that are in the cluster.
async fn grants(sandbox: &SelfManaged, subject: &str, request: &str) -> bool {
    let mut command = Command::new(sandbox.tool("argocd").expect("the sandbox has Argo CD"));
    command
        .env("ARGOCD_BINARY_NAME", "argocd")
        .env("KUBECONFIG", &sandbox.control_plane().admin().file)
        .env("HOME", sandbox.folder())
        .args(["admin", "settings", "rbac", "can", subject])
        .args(request.split(' '))
        .args(["--namespace", "argocd"]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("no panic");
    let output = output.expect("a program that runs");
    match String::from_utf8_lossy(&output.stdout).trim() {
        "Yes" => true,
        "No" => false,
        _ => panic!("{subject}: {request}: {output:?}"),
    }
}

/// The settings of Argo CD: which objects there are, and what is in the `ConfigMaps`.
async fn settings(sandbox: &SelfManaged) -> (BTreeSet<String>, BTreeMap<String, Json>) {
    let secrets = Objects::new(sandbox, "v1", "Secret", Some("argocd")).names().await;
    let maps = Objects::new(sandbox, "v1", "ConfigMap", Some("argocd"));
    let mut found = BTreeMap::new();
    for name in maps.names().await {
        let map = maps.get(&name).await;
        found.insert(name, json!({ "labels": map["metadata"]["labels"], "data": map["data"] }));
    }
    (secrets, found)
}

/// Takes messages by webhook.
#[derive(Clone, Default)]
struct Chat {
    messages: Arc<Mutex<Vec<Json>>>,
}

impl Chat {
    /// The URL that it listens at, until the test ends.
    async fn serve(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/shop", listener.local_addr().expect("an address"));
        let chat = self.clone();
        let take = async move |headers: HeaderMap, body: String| {
            let message = match headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes) {
                Some(token) if token == format!("Bearer {TOKEN}").as_bytes() => {
                    serde_json::from_str(&body).unwrap_or_else(|_| json!({ "text": body }))
                }
                other => json!({ "text": format!("with {other:?}: {body}") }),
            };
            chat.messages.lock().expect("no panic").push(message);
        };
        let app = axum::Router::new().route("/shop", axum::routing::post(take));
        tokio::spawn(async move { axum::serve(listener, app).await });
        url
    }

    /// The message with these words in its text.
    async fn hears(&self, words: &str, notifications: &Notifications) -> Json {
        eventually("a message", || async {
            let messages = self.messages.lock().expect("no panic").clone();
            let says = |it: &&Json| it["text"].as_str().is_some_and(|text| text.contains(words));
            let found = messages.iter().find(says).cloned();
            found.ok_or_else(|| format!("heard {messages:?}\n{}", notifications.log()))
        })
        .await
    }
}
