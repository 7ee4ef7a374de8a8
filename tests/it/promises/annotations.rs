//! Annotations with attributes of their own, among those that people, controllers and Image Updater
//! write.

use serde_json::{Value as Json, json};

use crate::support::cli::Workspace;
use crate::support::sandbox::{Objects, kinds};

const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

variable "prefix" { type = string }
variable "kubeconfig" { type = string }

provider "gitops" {
  argo_cd = "self_managed"
  cluster = { config_path = var.kubeconfig }
}

resource "gitops_app_project" "this" {
  name          = var.prefix
  namespace     = var.prefix
  notifications = [{ trigger = "on-deployed", service = "slack", recipients = ["releases"] }]
}

resource "gitops_application" "this" {
  name        = "web"
  namespace   = var.prefix
  project     = gitops_app_project.this.name
  annotations = { team = "web" }

  source = {
    repo_url = "https://git.example.com/web.git"
    path     = "chart"
    helm     = { parameters = [{ name = "image.tag", value = "1.0.0" }] }
  }

  destination = { name = "in-cluster", namespace = "web" }

  notifications = [
    { trigger = "on-sync-failed", service = "slack", recipients = ["alerts", "web"] },
    { service = "webhook" },
  ]

  image_updater = {
    images = [{ alias = "web", image = "ghcr.io/example/web", constraint = "~1.0", allow_tags = "regexp:^1" }]
  }
}
"#;

#[tokio::test]
async fn subscriptions_and_updated_images_are_one_s_own_among_the_annotations_of_others() {
    let sandbox = kinds().await;
    let workspace = Workspace::new(sandbox.of(), "annotations");
    workspace.write("main.tf", CONFIGURATION);
    workspace.init().await;
    let namespace = workspace.prefix().to_owned();
    let namespaces = Objects::new(&sandbox, "v1", "Namespace", None);
    namespaces.create(&json!({ "metadata": { "name": namespace } })).await;
    let key = "notifications.argoproj.io/subscribe.on-sync-failed.slack";

    // The same subscription twice, in two ways, is refused where the second one is.
    workspace.edit("main.tf", "{ team = \"web\" }", &format!("{{ \"{key}\" = \"x\" }}"));
    workspace.plan().await.failed().says("it is set by notifications already");
    workspace.write("main.tf", CONFIGURATION);
    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();
    let applications =
        Objects::new(&sandbox, "argoproj.io/v1alpha1", "Application", Some(&namespace));
    let annotations = applications.get("web").await["metadata"]["annotations"].clone();
    assert_eq!(
        annotations,
        json!({
            "team": "web",
            key: "alerts;web",
            "notifications.argoproj.io/subscribe.webhook": "",
            "argocd-image-updater.argoproj.io/image-list": "web=ghcr.io/example/web:~1.0",
            "argocd-image-updater.argoproj.io/web.allow-tags": "regexp:^1",
        })
    );
    let projects = Objects::new(&sandbox, "argoproj.io/v1alpha1", "AppProject", Some(&namespace));
    let of_project = projects.get(&namespace).await["metadata"]["annotations"].clone();
    assert_eq!(
        of_project,
        json!({ "notifications.argoproj.io/subscribe.on-deployed.slack": "releases" })
    );

    // What the controllers and others write is theirs.
    let theirs = json!({
        "metadata": { "annotations": {
            "notified.notifications.argoproj.io": "{}",
            "notifications.argoproj.io/subscribe.on-deployed.slack": "somebody",
        } },
        "spec": { "source": { "helm": {
            "parameters": [{ "name": "image.tag", "value": "1.0.7" }],
        } } },
    });
    applications.patch("web", &theirs).await;
    workspace.plan().await.shows_no_changes();

    // What of ours they change shows as what it is.
    let theirs = json!({ "metadata": { "annotations": {
        key: "alerts",
        "argocd-image-updater.argoproj.io/web.allow-tags": "any",
    } } });
    applications.patch("web", &theirs).await;
    let changes = workspace.planned().await.changes();
    assert_eq!(
        changes["gitops_application.this"],
        ["image_updater.images[0].allow_tags", "notifications[0].recipients"]
    );
    workspace.apply().await.succeeded().says("1 changed");
    let live = applications.get("web").await;
    assert_eq!(live["metadata"]["annotations"][key], "alerts;web");
    assert_eq!(live["spec"]["source"]["helm"]["parameters"][0]["value"], "1.0.7", "{live:#}");
    workspace.plan().await.shows_no_changes();

    // One that is configured no more goes, and those of others stay.
    workspace.edit("main.tf", "    { service = \"webhook\" },\n", "");
    workspace.apply().await.succeeded().says("1 changed");
    let annotations = applications.get("web").await["metadata"]["annotations"].clone();
    assert_eq!(annotations["notifications.argoproj.io/subscribe.webhook"], Json::Null);
    assert_eq!(annotations["notifications.argoproj.io/subscribe.on-deployed.slack"], "somebody");
    workspace.plan().await.shows_no_changes();

    // Nobody else takes the finalizer away.
    applications.patch("web", &json!({ "metadata": { "finalizers": null } })).await;
    workspace.edit(
        "main.tf",
        "  name        = \"web\"\n",
        "  name        = \"web\"\n  cascade     = \"orphan\"\n",
    );
    workspace.apply().await.succeeded();
    workspace.destroy().await.succeeded();
    namespaces.delete(&namespace).await;
}
