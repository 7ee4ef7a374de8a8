//! The examples for Argo CD with the real one: all of it is synced, the second plan is empty, and a
//! destroy leaves nothing.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gitops_sandbox::charts::ChartServer;
use serde_json::{Value as Json, json};

use crate::support::cli::Workspace;
use crate::support::sandbox::{Objects, eventually, names_of};
use crate::support::self_managed::{SelfManaged, self_managed};

pub(super) const ARGO_CD: &str = "argoproj.io/v1alpha1";

/// The folder of an example with what is to be in Git.
fn repository(example: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example).join("repository")
}

/// A workspace with the example, and its repository in Git.
pub(super) async fn example(sandbox: &SelfManaged, name: &str) -> Workspace {
    let workspace = Workspace::of(sandbox.of(), name, &format!("examples/{name}"));
    let workspace = if repository(name).exists() {
        sandbox.git().create(name, &repository(name)).await.expect("a repository");
        workspace.with("TF_VAR_git_url", sandbox.git().repository(name))
    } else {
        workspace
    };
    sandbox.watch(workspace)
}

/// Applies it; what is waited for is there then, and the next plan is empty, also when the
/// controllers have gone on for a while.
pub(super) async fn apply(sandbox: &SelfManaged, workspace: &Workspace) {
    workspace.init().await;
    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();
    workspace.apply().await.succeeded().says("0 added, 0 changed, 0 destroyed");
    let seconds = env::var(SOAK).map_or(5, |text| text.parse().expect("seconds"));
    let before = versions(sandbox).await;
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let now = versions(sandbox).await;
    let rewritten = now.iter().filter(|version| !before.contains(version)).count();
    eprintln!("in {seconds} s {rewritten} of {} applications were written to", now.len());
    // Argo CD looks again by itself after three minutes at most.
    assert!(seconds < 200 || now.is_empty() || rewritten > 0, "no controller has been at work");
    workspace.plan().await.shows_no_changes();
    let refresh = ["plan", "-refresh-only", "-input=false", "-no-color", "-detailed-exitcode"];
    workspace.run(&refresh).await.shows_no_changes();
}

/// How long the controllers get to write what they like, in seconds: five minutes is a round of
/// Argo CD's own, and five seconds are what they get when it is not set.
const SOAK: &str = "GITOPS_SOAK_SECONDS";

/// The names of the applications, each with its version.
async fn versions(sandbox: &SelfManaged) -> Vec<(String, String)> {
    let applications = Objects::new(sandbox, ARGO_CD, "Application", Some("argocd"));
    let mut versions = Vec::new();
    for name in applications.names().await {
        let version = applications.get(&name).await["metadata"]["resourceVersion"].to_string();
        versions.push((name, version));
    }
    versions
}

/// Ends it, and looks that no application is left, nor anything in these namespaces.
pub(super) async fn destroy(
    sandbox: &SelfManaged,
    workspace: &Workspace,
    deployed: &[(&str, &str)],
) {
    workspace.destroy().await.succeeded();
    for kind in ["Application", "ApplicationSet"] {
        let left = names_of(sandbox, ARGO_CD, kind).await;
        assert!(left.is_empty(), "{kind}s are left: {left:?}");
    }
    for (namespace, name) in deployed {
        let maps = Objects::new(sandbox, "v1", "ConfigMap", Some(namespace));
        assert_eq!(maps.find(name).await, None, "left in {namespace}");
    }
}

async fn config(sandbox: &SelfManaged, namespace: &str, name: &str) -> Json {
    Objects::new(sandbox, "v1", "ConfigMap", Some(namespace)).get(name).await["data"].clone()
}

/// That the real Argo CD calls all of these synced and healthy.
pub(super) async fn deployed(sandbox: &SelfManaged, names: &[&str]) {
    let applications = Objects::new(sandbox, ARGO_CD, "Application", Some("argocd"));
    let found = names_of(sandbox, ARGO_CD, "Application").await;
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), names);
    for name in names {
        let status = applications.get(name).await["status"].clone();
        assert_eq!(status["sync"]["status"], "Synced", "{name}: {status:#}");
        assert_eq!(status["health"]["status"], "Healthy", "{name}: {status:#}");
    }
}

#[tokio::test]
async fn applications_of_every_source_are_synced() {
    let sandbox = self_managed().await;
    let chart = repository("argocd-applications").join("chart");
    let helm = sandbox.tool("helm").expect("the sandbox has helm").to_owned();
    let folder = sandbox.folder().join("charts");
    let charts = ChartServer::start(&folder, &helm, &[&chart]).await.expect("a repository");
    let workspace = example(&sandbox, "argocd-applications").await;
    let workspace = sandbox.watch(workspace.with("TF_VAR_chart_repository_url", charts.url()));
    apply(&sandbox, &workspace).await;
    let names = ["guestbook-helm", "guestbook-helm-git", "guestbook-kustomize", "guestbook-plain"];
    deployed(&sandbox, &names).await;
    assert_eq!(config(&sandbox, "guestbook-plain", "guestbook").await, json!({ "motto": "plain" }));
    assert_eq!(
        config(&sandbox, "guestbook-helm-git", "guestbook").await,
        json!({ "environment": "production", "motto": "true" })
    );
    assert_eq!(
        config(&sandbox, "guestbook-helm", "guestbook-helm").await,
        json!({ "environment": "production", "motto": "out of the configuration" })
    );
    let services = Objects::new(&sandbox, "v1", "Service", Some("guestbook-helm-git"));
    assert_eq!(services.get("guestbook").await["spec"]["ports"][0]["port"], 8080);
    let templates = Objects::new(&sandbox, "v1", "PodTemplate", Some("guestbook-kustomize"));
    let template = templates.get("web-guestbook").await;
    let image = &template["template"]["spec"]["containers"][0]["image"];
    assert_eq!(*image, "public.ecr.aws/nginx/nginx:1.27", "{template:#}");

    // Another image is another deployment, and nothing else.
    let next = workspace.clone().with("TF_VAR_image_tag", "1.28");
    next.apply().await.succeeded().says("0 added, 1 changed, 0 destroyed");
    let template = templates.get("web-guestbook").await;
    let image = &template["template"]["spec"]["containers"][0]["image"];
    assert_eq!(*image, "public.ecr.aws/nginx/nginx:1.28");
    next.plan().await.shows_no_changes();
    // The finalizer does its work.
    let maps = [("guestbook-plain", "guestbook"), ("guestbook-helm", "guestbook-helm")];
    destroy(&sandbox, &workspace, &maps).await;
}

#[tokio::test]
async fn a_project_with_its_cluster_and_repositories_is_made_and_used() {
    let sandbox = self_managed().await;
    let chart = repository("argocd-applications").join("chart");
    let helm = sandbox.tool("helm").expect("the sandbox has helm").to_owned();
    let folder = sandbox.folder().join("charts-of-projects");
    let charts = ChartServer::start(&folder, &helm, &[&chart]).await.expect("a repository");
    let files = repository("argocd-applications");
    sandbox.git().create("argocd-projects", &files).await.expect("a repository");
    sandbox.git().protect("argocd-projects", "argocd", "hush");
    let workspace = example(&sandbox, "argocd-projects").await;
    let workspace = sandbox.watch(
        workspace
            .with("TF_VAR_git_url", sandbox.git().repository("argocd-projects"))
            .with("TF_VAR_git_password", "hush")
            .with("TF_VAR_chart_repository_url", charts.url()),
    );
    apply(&sandbox, &workspace).await;
    // It is good for something: with the login, to where it may be deployed, and nowhere else.
    workspace.write("shop.tf", SHOP);
    apply(&sandbox, &workspace).await;
    deployed(&sandbox, &["shop", "shop-charts"]).await;
    workspace.edit("shop.tf", "\"shop-charts-namespace\"", "\"shop-secrets\"");
    let run = workspace.apply().await.failed();
    run.says("gitops_application.charts").says("InvalidSpecError").says("shop-secrets");
    workspace.edit("shop.tf", "\"shop-secrets\"", "\"shop-charts-namespace\"");
    workspace.apply().await.succeeded();
    destroy(&sandbox, &workspace, &[("shop", "guestbook")]).await;
}

const SHOP: &str = r#"
resource "gitops_application" "shop" {
  name        = "shop"
  project     = gitops_app_project.shop.name
  source      = { repo_url = gitops_repository.git.url, path = "plain", target_revision = "main" }
  destination = { server = gitops_cluster.own.server, namespace = "shop" }
  sync_policy = { automated = {}, sync_options = ["CreateNamespace=true"] }
  wait        = {}
}

resource "gitops_application" "charts" {
  name        = "shop-charts"
  project     = gitops_app_project.shop.name
  source      = { repo_url = gitops_repository.charts.url, chart = "guestbook", target_revision = "1.2.3" }
  destination = { name = gitops_cluster.own.name, namespace = "shop-charts-namespace" }
  sync_policy = { automated = {}, sync_options = ["CreateNamespace=true"] }
  wait        = {}
}
"#;

#[tokio::test]
async fn one_application_deploys_all_others_and_is_left_to_git() {
    let sandbox = self_managed().await;
    let workspace = example(&sandbox, "argocd-app-of-apps").await;
    apply(&sandbox, &workspace).await;
    let names = ["cluster-info", "guestbook", "root"];
    eventually("deployed applications", || async {
        let applications = Objects::new(&sandbox, ARGO_CD, "Application", Some("argocd"));
        for name in names {
            let found = applications.find(name).await.unwrap_or_default();
            if found["status"]["sync"]["status"] != "Synced" {
                return Err(format!("{name}: {}", found["status"]));
            }
        }
        Ok(())
    })
    .await;
    deployed(&sandbox, &names).await;
    let maps = Objects::new(&sandbox, "v1", "ConfigMap", Some("guestbook"));
    let annotations = maps.get("guestbook").await["metadata"]["annotations"].clone();
    assert_eq!(annotations["example.com/cluster"], "sandbox");
    // GitOps changes the application that it came from: that is no matter of this configuration.
    let applications = Objects::new(&sandbox, ARGO_CD, "Application", Some("argocd"));
    let change = json!({ "spec": { "syncPolicy": { "automated": { "selfHeal": false } } } });
    applications.patch("root", &change).await;
    workspace.plan().await.shows_no_changes();
    destroy(&sandbox, &workspace, &[("guestbook", "guestbook")]).await;
}

#[tokio::test]
async fn application_sets_of_every_generator_are_synced() {
    let sandbox = self_managed().await;
    let workspace = example(&sandbox, "argocd-application-sets").await;
    apply(&sandbox, &workspace).await;
    let names = [
        "addon-logs",
        "addon-metrics",
        "cluster-own",
        "environment-staging",
        "environment-test",
        "policies-own",
        "tenant-blue",
        "tenant-green",
    ];
    deployed(&sandbox, &names).await;
    for (namespace, name, greeting) in [
        ("tenant-blue", "blue", "Hello blue"),
        ("environment-staging", "service", "Hello from staging"),
        ("cluster-own", "service", "Hello from production"),
    ] {
        assert_eq!(config(&sandbox, namespace, name).await["greeting"], greeting);
    }
    assert_eq!(config(&sandbox, "tenant-green", "green").await["port"], "82");
    assert_eq!(config(&sandbox, "everywhere", "policies").await["from"], "everywhere/policies");
    destroy(&sandbox, &workspace, &[("addons", "logs"), ("tenant-blue", "blue")]).await;
}
