//! Applies that outlast a token, and principals that lose their access.

use gitops_sandbox::Sandbox;

use crate::support::cli::Workspace;
use crate::support::login::{FORGOTTEN, User};
use crate::support::sandbox::{Objects, eventually, kinds};

/// Two objects, with a while between them in which a token can grow old.
const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

variable "prefix" { type = string }

variable "seconds" {
  type    = number
  default = 0
}

provider "gitops" {
  region  = "eu-west-1"
  cluster = { name = "sandbox" }
}

resource "gitops_app_project" "first" {
  name      = "${var.prefix}-first"
  namespace = "default"

  source_namespaces = ["default"]

  timeouts { create = "20s" }
}

resource "terraform_data" "while" {
  input = gitops_app_project.first.name

  provisioner "local-exec" {
    command = "sleep ${var.seconds}"
  }
}

resource "gitops_app_project" "second" {
  name      = "${var.prefix}-second"
  namespace = "default"

  source_namespaces = ["default"]
  description       = terraform_data.while.output

  # Access may be new in a run that creates, and is waited for two minutes otherwise.
  timeouts { create = "20s" }
}
"#;

async fn workspace(sandbox: &'static Sandbox, name: &str, user: &User) -> Workspace {
    let workspace = Workspace::new(sandbox, name)
        .with("AWS_ACCESS_KEY_ID", &user.access_key)
        .with("AWS_SECRET_ACCESS_KEY", &user.secret_key);
    workspace.write("main.tf", CONFIGURATION);
    workspace.init().await;
    workspace
}

/// Five seconds instead of a quarter of an hour; the API server itself remembers for ten that a
/// token was good. The provider does not know that tokens are short-lived here, so it sends the
/// old one first.
#[tokio::test]
async fn an_apply_that_outlasts_its_token_goes_on_with_a_new_one() {
    let sandbox = kinds().await;
    let user = User::new(sandbox.of(), "it-outlasts").await;
    user.let_in(Some("AmazonEKSClusterAdminPolicy")).await;
    let workspace = workspace(sandbox.of(), "outlasts", &user).await;
    let slow = workspace.clone().with("TF_VAR_seconds", FORGOTTEN.as_secs() + 2);
    user.tokens_last(5);
    slow.apply().await.succeeded().says("3 added");
    let reviews = user.reviews();
    let refused = reviews.iter().filter(|review| review.outcome.is_err()).count();
    assert!(refused > 0, "no token was too old: {reviews:#?}");
    let tokens: std::collections::BTreeSet<_> = reviews.iter().map(|it| &it.token).collect();
    assert!(tokens.len() > 1, "there was one token only");
    user.tokens_last(900);
    workspace.destroy().await.succeeded();
    user.shut_out().await;
}

/// The state has what was made before, and the next apply goes on from there.
#[tokio::test]
async fn a_principal_that_loses_its_access_in_an_apply_is_named_with_what_to_grant() {
    let sandbox = kinds().await;
    let user = User::new(sandbox.of(), "it-revoked-within").await;
    user.let_in(Some("AmazonEKSClusterAdminPolicy")).await;
    let workspace = workspace(sandbox.of(), "revoked-within", &user).await;
    let slow = workspace.clone().with("TF_VAR_seconds", FORGOTTEN.as_secs() + 4);
    let running = slow.start(&["apply", "-input=false", "-no-color", "-auto-approve"]);
    let api = "argoproj.io/v1alpha1";
    let projects = Objects::new(&sandbox, api, "AppProject", Some("default"));
    let first = format!("{}-first", workspace.prefix());
    eventually("the first project", || async {
        let found = projects.find(&first).await;
        found.map(drop).ok_or_else(|| running.output())
    })
    .await;
    user.shut_out().await;
    let run = running.ended().await.failed();
    let run = run.says("EKS cluster \"sandbox\" does not accept the credentials of");
    let run = run.says(&user.arn).says("in resource \"gitops_app_project\" \"second\"");
    let run = run.says(&format!("gitops_eks_access_entry with principal_arn = {:?}", user.arn));
    assert!(run.took < FORGOTTEN * 5, "it was waited for what does not come: {run}");
    assert_eq!(workspace.resources().len(), 2);

    user.let_in(Some("AmazonEKSClusterAdminPolicy")).await;
    workspace.apply().await.succeeded().says("1 added");
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    user.shut_out().await;
}

#[tokio::test]
async fn a_principal_without_access_before_an_apply_is_named_with_what_to_grant() {
    let sandbox = kinds().await;
    let user = User::new(sandbox.of(), "it-revoked-before").await;
    let workspace = workspace(sandbox.of(), "revoked-before", &user).await;
    // Not a word of it in a plan that creates: that asks nobody.
    workspace.plan().await.shows_changes();
    let run = workspace.apply().await.failed();
    let run = run.says("does not accept the credentials of").says(&user.arn);
    run.says(&format!("gitops_eks_access_entry with principal_arn = {:?}", user.arn));

    // An entry alone lets in and allows nothing.
    user.let_in(None).await;
    let run = workspace.apply().await.failed().says(&user.arn).says("AppProject");
    run.says(&format!("Associate an access policy with the access entry of {}", user.arn));

    // What is there is kept in the state while nobody may look at it.
    user.shut_out().await;
    user.let_in(Some("AmazonEKSClusterAdminPolicy")).await;
    workspace.apply().await.succeeded();
    user.shut_out().await;
    tokio::time::sleep(FORGOTTEN).await;
    let run = workspace.run(&["plan", "-input=false", "-no-color"]).await.failed();
    run.says("does not accept the credentials of").says(&user.arn);
    assert_eq!(workspace.resources().len(), 3);
    user.let_in(Some("AmazonEKSClusterAdminPolicy")).await;
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    user.shut_out().await;
}
