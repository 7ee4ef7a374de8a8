//! What an apply that waits says when the real Argo CD cannot deploy: why, and at once.

use std::time::Duration;

use crate::support::cli::Workspace;
use crate::support::self_managed::self_managed;

/// Applications that each cannot be deployed for a reason of its own.
const WRONG: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

provider "gitops" {
  argo_cd = "self_managed"
  cluster = { config_path = var.kubeconfig }
}

variable "kubeconfig" { type = string }
variable "git_url" { type = string }

variable "mended" {
  type    = bool
  default = false
}

locals {
  git         = { repo_url = var.git_url, target_revision = "HEAD" }
  server      = "https://kubernetes.default.svc"
  sync_policy = { automated = {}, sync_options = ["CreateNamespace=true"] }
}

# Lets in only another repository.
resource "gitops_app_project" "closed" {
  name         = "closed"
  source_repos = var.mended ? [var.git_url] : ["https://git.example.com/other.git"]
  destinations = [{ server = local.server, namespace = "wrong-*" }]

  cluster_resource_whitelist = [{ group = "", kind = "Namespace" }]
}

resource "gitops_application" "path" {
  name        = "wrong-path"
  source      = merge(local.git, { path = var.mended ? "plain" : "nowhere" })
  destination = { server = local.server, namespace = "wrong-path" }
  sync_policy = local.sync_policy
  wait        = {}
}

resource "gitops_application" "revision" {
  name        = "wrong-revision"
  source      = merge(local.git, { path = "plain", target_revision = var.mended ? "main" : "no-such-branch" })
  destination = { server = local.server, namespace = "wrong-revision" }
  sync_policy = local.sync_policy
  wait        = {}
}

resource "gitops_application" "project" {
  name        = "wrong-project"
  project     = gitops_app_project.closed.name
  source      = merge(local.git, { path = "plain" })
  destination = { server = local.server, namespace = "wrong-project" }
  sync_policy = local.sync_policy
  wait        = {}
}

resource "gitops_application" "values" {
  name = "wrong-values"
  source = merge(local.git, {
    path = "chart"
    helm = { values_object = var.mended ? jsonencode({ greeting = "Hello" }) : jsonencode({ service = "none" }) }
  })
  destination = { server = local.server, namespace = "wrong-values" }
  sync_policy = local.sync_policy
  wait        = {}
}

resource "gitops_application" "file" {
  name = "wrong-file"
  source = merge(local.git, {
    path = "chart"
    helm = { value_files = [var.mended ? "values.yaml" : "nobody.yaml"] }
  })
  destination = { server = local.server, namespace = "wrong-file" }
  sync_policy = local.sync_policy
  wait        = {}
}

# What is deployed is refused by the API server.
resource "gitops_application" "refused" {
  name = "wrong-sync"
  source = merge(local.git, {
    path = "chart"
    helm = { values_object = jsonencode({ service = { port = var.mended ? 80 : 99999 } }) }
  })
  destination = { server = local.server, namespace = "wrong-sync" }
  sync_policy = merge(local.sync_policy, { retry = { limit = 0 } })
  wait        = {}
}

# Nobody synchronises it.
resource "gitops_application" "manual" {
  name        = "wrong-manual"
  source      = merge(local.git, { path = "plain" })
  destination = { server = local.server, namespace = "wrong-manual" }
  sync_policy = { for name, value in local.sync_policy : name => value if var.mended || name != "automated" }
  wait        = {}

  timeouts {
    create = var.mended ? "5m" : "20s"
  }
}
"#;

#[tokio::test]
async fn what_cannot_be_deployed_is_told_at_once_with_argo_cd_s_own_words() {
    let sandbox = self_managed().await;
    let workspace = Workspace::new(sandbox.of(), "waits");
    workspace.write("main.tf", WRONG);
    let workspace = sandbox.watch(workspace);
    workspace.init().await;
    let run = workspace.apply().await.failed();
    let run = run
        .says("Creating gitops_application \"argocd/wrong-path\"")
        .says("nowhere: app path does not exist")
        .says("Creating gitops_application \"argocd/wrong-revision\"")
        .says("unable to resolve 'no-such-branch' to a commit SHA")
        .says("Creating gitops_application \"argocd/wrong-project\"")
        .says("is not permitted in project 'closed'")
        .says("Creating gitops_application \"argocd/wrong-values\"")
        .says("can't evaluate field port")
        .says("Creating gitops_application \"argocd/wrong-file\"")
        .says("nobody.yaml: no such file or directory")
        .says("Creating gitops_application \"argocd/wrong-sync\"")
        .says("must be between 1 and 65535")
        .says("Mend what the message names and apply again")
        // This one burns its time-out, and says what it has waited for.
        .says("Waited 20s for Application argocd/wrong-manual to be synced")
        .says("no automated synchronisation is configured");
    eprintln!("{run}");
    assert!(run.took < Duration::from_secs(90), "it took {:?}", run.took);

    let mended = sandbox.watch(workspace.with("TF_VAR_mended", true));
    mended.apply().await.succeeded();
    mended.plan().await.shows_no_changes();
    mended.destroy().await.succeeded();
}
