//! Credentials of repositories, by which the real Argo CD deploys what it could not read without.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::quickstart;
use crate::support::cli::Workspace;
use crate::support::sandbox::{Objects, alone, eventually};

/// An application whose repository is for those who log in.
const PRIVATE: &str = r#"
variable "private_url" { type = string }

variable "git_password" {
  type      = string
  ephemeral = true
}

variable "git_password_version" {
  type    = number
  default = 1
}

LOGIN

resource "gitops_application" "private" {
  name      = "private"
  namespace = gitops_eks_capability_argocd.this.namespace

  source      = { repo_url = var.private_url, path = "plain", target_revision = "HEAD" }
  destination = { server = var.cluster_arn, namespace = "quickstart-private" }
  sync_policy = { automated = {}, sync_options = ["CreateNamespace=true"] }

  wait       = {}
  depends_on = [gitops_cluster.this, gitops_repository.private]
}
"#;

const OF_ONE: &str = r#"
resource "gitops_repository" "private" {
  name      = "private"
  namespace = gitops_eks_capability_argocd.this.namespace
  url       = var.private_url

  username            = "ci"
  password_wo         = var.git_password
  password_wo_version = var.git_password_version
}
"#;

/// Of all repositories of the server; the other resource then has none of its own.
const OF_MANY: &str = r#"
resource "gitops_repository_credentials" "private" {
  name      = "private-server"
  namespace = gitops_eks_capability_argocd.this.namespace
  url       = replace(var.private_url, "/it-private.git", "")

  username            = "ci"
  password_wo         = var.git_password
  password_wo_version = var.git_password_version
}

resource "gitops_repository" "private" {
  name      = "private"
  namespace = gitops_eks_capability_argocd.this.namespace
  url       = var.private_url
  depth     = 1

  depends_on = [gitops_repository_credentials.private]
}
"#;

#[tokio::test]
async fn a_private_repository_is_deployed_from_with_the_credentials_of_its_resource() {
    let sandbox = alone().await;
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sandbox/seed/demo");
    let git = sandbox.git();
    git.create("it-private", &seed).await.expect("a repository");
    git.protect("it-private", "ci", "right");
    let example = Workspace::of(sandbox.of(), "repositories", quickstart::EXAMPLE)
        .with("TF_VAR_private_url", git.repository("it-private"))
        .with("TF_VAR_git_password", "wrong");
    let workspace = sandbox.watch(example);
    workspace.write("private.tf", &PRIVATE.replace("LOGIN", OF_ONE));
    workspace.init().await;

    // What Git says of a wrong password is what the user reads.
    let run = workspace.apply().await.failed();
    run.says("Creating gitops_application \"argocd/private\"").says("authentication required");
    // A right one alone is nothing to apply: it is kept nowhere. Its version is.
    let right = workspace.clone().with("TF_VAR_git_password", "right");
    let rotated = right.with("TF_VAR_git_password_version", 2);
    let changes = rotated.planned().await.changes();
    assert_eq!(changes["gitops_repository.private"], ["password_wo_version"]);
    rotated.apply().await.succeeded();
    let deployed = Objects::new(&sandbox, "v1", "ConfigMap", Some("quickstart-private"));
    deployed.get("guestbook").await;
    rotated.plan().await.shows_no_changes();

    // The same by credentials for the whole server.
    rotated.write("private.tf", &PRIVATE.replace("LOGIN", OF_MANY));
    rotated.apply().await.succeeded().says("1 added, 1 changed");
    let secrets = Objects::new(&sandbox, "v1", "Secret", Some("argocd"));
    let data = &secrets.get("private").await["data"];
    assert!(data["password"].is_null() && data["username"].is_null(), "{data}");
    rotated.plan().await.shows_no_changes();
    let applications =
        Objects::new(&sandbox, "argoproj.io/v1alpha1", "Application", Some("argocd"));
    let before = applications.get("private").await["status"]["reconciledAt"].clone();
    let refresh =
        json!({ "metadata": { "annotations": { "argocd.argoproj.io/refresh": "hard" } } });
    applications.patch("private", &refresh).await;
    let status = eventually("another look", || async {
        let found = applications.get("private").await;
        let refreshed = found["metadata"]["annotations"]["argocd.argoproj.io/refresh"].is_null();
        let status: Json = found["status"].clone();
        let looked = refreshed && status["reconciledAt"] != before;
        if looked { Ok(status) } else { Err(status.to_string()) }
    })
    .await;
    assert_eq!(status["sync"]["status"], "Synced", "{status:#}");
    assert_eq!(status["conditions"], Json::Null, "{status:#}");
    rotated.destroy().await.succeeded();
}
