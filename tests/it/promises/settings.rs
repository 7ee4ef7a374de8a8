//! Settings of Argo CD: keys of `ConfigMaps` that others write to as well, and what the real Argo CD
//! makes of them.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::quickstart;
use crate::support::cli::Workspace;
use crate::support::sandbox::{Objects, alone, eventually, kinds};

const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

variable "prefix" { type = string }
variable "kubeconfig" { type = string }

variable "token" {
  type      = string
  default   = "hunter2-of-slack"
  ephemeral = true
}

provider "gitops" {
  argo_cd = "self_managed"
  cluster = { config_path = var.kubeconfig }
}

resource "gitops_argocd_config" "this" {
  namespace = var.prefix

  url       = "https://argocd.example.com"
  ui        = { banner_content = "Hi", banner_permanent = true }
  settings  = { "exec.shells" = "sh" }
  accounts  = { ci = { capabilities = ["apiKey"] } }
  resource_customizations = {
    "example.com_Thing" = {
      health             = "return { status = 'Healthy' }"
      ignore_differences = { json_pointers = ["/spec/a"] }
    }
  }
  resource_exclusions = [{ kinds = ["Event"] }]

  rbac = { policy_csv = "g, team:shop, role:readonly", policy_default = "role:none", scopes = ["groups"] }

  notifications = {
    services           = { slack = "token: $slack-token" }
    secrets_wo         = { slack-token = var.token }
    secrets_wo_version = 1
  }
}
"#;

#[tokio::test]
async fn settings_are_one_s_own_among_those_of_others() {
    let sandbox = kinds().await;
    let workspace = Workspace::new(sandbox.of(), "settings");
    workspace.write("main.tf", CONFIGURATION);
    workspace.init().await;
    let namespace = workspace.prefix().to_owned();
    let namespaces = Objects::new(&sandbox, "v1", "Namespace", None);
    namespaces.create(&json!({ "metadata": { "name": namespace } })).await;
    let maps = Objects::new(&sandbox, "v1", "ConfigMap", Some(&namespace));
    let secrets = Objects::new(&sandbox, "v1", "Secret", Some(&namespace));
    let installed = json!({
        "metadata": { "name": "argocd-cm", "labels": { "app.kubernetes.io/part-of": "argocd" } },
        "data": { "installationID": "one", "url": "https://elsewhere.example.com" },
    });
    maps.create(&installed).await;

    // What others have set to something else is no adoption. Nothing of it is half-done and lost.
    let run = workspace.apply().await.failed();
    run.says("url").says("somebody-else");
    maps.patch("argocd-cm", &json!({ "data": { "url": null } })).await;
    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();
    let data = maps.get("argocd-cm").await["data"].clone();
    assert_eq!(data["installationID"], "one", "{data:#}");
    assert_eq!(
        data["resource.customizations.ignoreDifferences.example.com_Thing"],
        r#"{"jsonPointers":["/spec/a"]}"#
    );
    let made = maps.get("argocd-rbac-cm").await;
    assert_eq!(made["metadata"]["labels"]["app.kubernetes.io/part-of"], "argocd", "{made:#}");
    let secret = secrets.get("argocd-notifications-secret").await;
    assert_eq!(secret["data"]["slack-token"], "aHVudGVyMi1vZi1zbGFjaw==");
    let state = workspace.read("terraform.tfstate");
    assert!(!state.contains("hunter2") && !state.contains("aHVudGVy"), "a secret is in the state");

    // What others change of it shows where it is set, and what they spell otherwise does not.
    let vandalism = json!({ "data": {
        "ui.bannercontent": "Boo!",
        "accounts.ci": "apiKey, login",
        "resource.exclusions": "- kinds:\n  - Event\n",
        "resource.customizations.health.example.com_Thing": null,
        "statusbadge.enabled": "true",
    } });
    maps.patch("argocd-cm", &vandalism).await;
    maps.delete("argocd-rbac-cm").await;
    secrets
        .patch("argocd-notifications-secret", &json!({ "stringData": { "slack-token": "x" } }))
        .await;
    let changes = workspace.planned().await.changes();
    let shown: BTreeSet<_> =
        changes["gitops_argocd_config.this"].iter().map(String::as_str).collect();
    let expected = BTreeSet::from([
        "accounts.ci.capabilities",
        "notifications.secrets_wo_version",
        "rbac",
        "resource_customizations.example.com_Thing.health",
        "ui.banner_content",
    ]);
    assert_eq!(shown, expected);
    workspace.apply().await.succeeded().says("1 changed");
    workspace.plan().await.shows_no_changes();
    let secret = secrets.get("argocd-notifications-secret").await;
    assert_eq!(secret["data"]["slack-token"], "aHVudGVyMi1vZi1zbGFjaw==");
    let data = maps.get("argocd-cm").await["data"].clone();
    assert_eq!(data["statusbadge.enabled"], "true", "a key of others went: {data:#}");

    // What the configuration sets no more is taken away, and a map that is empty with it.
    workspace.edit("main.tf", "  settings  = { \"exec.shells\" = \"sh\" }\n", "");
    workspace.edit("main.tf", "  rbac = {", "  # rbac = {");
    workspace.apply().await.succeeded().says("1 changed");
    assert_eq!(maps.find("argocd-rbac-cm").await, None);
    assert_eq!(maps.get("argocd-cm").await["data"]["exec.shells"], Json::Null);
    workspace.plan().await.shows_no_changes();

    imported(&workspace).await;

    workspace.destroy().await.succeeded();
    let left = maps.get("argocd-cm").await;
    assert_eq!(left["data"], json!({ "installationID": "one", "statusbadge.enabled": "true" }));
    assert_eq!(left["metadata"]["labels"]["app.kubernetes.io/part-of"], "argocd", "{left:#}");
    assert_eq!(maps.find("argocd-notifications-cm").await, None);
    assert_eq!(secrets.find("argocd-notifications-secret").await, None);
    namespaces.delete(&namespace).await;
}

/// Forgets the settings, and imports what of them is ours.
async fn imported(workspace: &Workspace) {
    workspace.run(&["state", "rm", "gitops_argocd_config.this"]).await.succeeded();
    workspace.write(
        "import.tf",
        "import {\n  to = gitops_argocd_config.this\n  identity = { namespace = var.prefix }\n}\n",
    );
    let changes = workspace.planned().await.changes();
    let expected = ["import", "notifications.secrets_wo_version"];
    assert_eq!(changes["gitops_argocd_config.this"], expected);
    workspace.apply().await.succeeded();
    workspace.remove("import.tf");
    workspace.plan().await.shows_no_changes();
}

const HEALTH: &str = r#"
variable "status" {
  type    = string
  default = "Degraded"
}

resource "gitops_argocd_config" "this" {
  namespace = gitops_eks_capability_argocd.this.namespace

  resource_customizations = {
    ConfigMap = {
      health = <<-LUA
        return { status = "${var.status}", message = "as the settings say" }
      LUA
    }
  }
}
"#;

#[tokio::test]
async fn argo_cd_judges_by_the_health_check_of_its_settings() {
    let sandbox = alone().await;
    let example = Workspace::of(sandbox.of(), "argocd-config", quickstart::EXAMPLE);
    let workspace = sandbox.watch(example);
    workspace.init().await;
    workspace.apply().await.succeeded();
    let applications =
        Objects::new(&sandbox, "argoproj.io/v1alpha1", "Application", Some("argocd"));
    let healthy = applications.get("quickstart").await["status"]["health"].clone();
    assert_eq!(healthy["status"], "Healthy", "{healthy}");

    // The EKS capability has no use for the rest, which a plan says.
    workspace.write(
        "settings.tf",
        &HEALTH.replace(
            "resource_customizations = {",
            "url = \"https://x\"\n  resource_customizations = {",
        ),
    );
    workspace.plan().await.failed().says("the EKS capability for Argo CD does not honour it");
    workspace.write("settings.tf", HEALTH);
    for status in ["Degraded", "Healthy"] {
        let workspace = workspace.clone().with("TF_VAR_status", status);
        workspace.apply().await.succeeded();
        judged(&applications, status).await;
        workspace.plan().await.shows_no_changes();
    }
    workspace.destroy().await.succeeded();
}

async fn judged(applications: &Objects, status: &str) {
    eventually("another judgement", || async {
        let refresh =
            json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "hard" } } });
        applications.patch("quickstart", &refresh).await;
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let health = applications.get("quickstart").await["status"]["health"].clone();
        if health["status"] == status { Ok(()) } else { Err(health.to_string()) }
    })
    .await;
}
