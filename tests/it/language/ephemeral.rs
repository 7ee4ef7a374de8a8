//! Ephemeral resources, opened by the real tools.

use base64::Engine as _;

use super::PROVIDER;
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{Objects, kinds, sandbox};

/// One provider makes a token, and another one, which has no credentials of AWS, logs in with it.
const CONFIGURATION: &str = r#"
variable "prefix" { type = string }

variable "name" {
  type    = string
  default = "sandbox"
}

provider "gitops" {
  region = "eu-west-1"
}

ephemeral "gitops_eks_token" "this" {
  name = var.name
}

provider "gitops" {
  alias      = "by_token"
  argo_cd    = "self_managed"
  access_key = "AKIANOBODYKNOWSTHIS0"
  secret_key = "nobody knows this one"
  region     = "eu-west-1"

  cluster = {
    host                   = ephemeral.gitops_eks_token.this.host
    token                  = ephemeral.gitops_eks_token.this.token
    cluster_ca_certificate = ephemeral.gitops_eks_token.this.cluster_ca_certificate
  }
}

resource "gitops_app_project" "this" {
  provider    = gitops.by_token
  name        = var.prefix
  namespace   = "default"
  description = "made with a token"
}
"#;

#[tokio::test]
async fn a_token_logs_in_to_the_cluster_and_is_kept_nowhere() {
    logged_in(Cli::Tofu).await;
}

#[tokio::test]
async fn a_token_logs_in_under_terraform() {
    logged_in(Cli::Terraform).await;
}

async fn logged_in(cli: Cli) {
    let sandbox = kinds().await;
    let name = format!("ephemeral-{}", cli.name());
    let workspace = Workspace::new(sandbox.of(), &name).under(cli);
    let log = workspace.folder().join("trace.log").display().to_string();
    let workspace = workspace.with("TF_LOG", "TRACE").with("TF_LOG_PATH", log);
    workspace.write("main.tf", &format!("{PROVIDER}{CONFIGURATION}"));
    workspace.init().await;
    workspace.apply().await.succeeded().says("1 added");
    let projects = Objects::new(&sandbox, "argoproj.io/v1alpha1", "AppProject", Some("default"));
    let found = projects.get(workspace.prefix()).await;
    assert_eq!(found["spec"]["description"], "made with a token");
    workspace.plan().await.shows_no_changes();

    workspace.run(&["plan", "-input=false", "-no-color", "-out=tfplan"]).await.succeeded();
    let shown = workspace.run(&["show", "-json", "tfplan"]).await.succeeded();
    let log = workspace.read("trace.log");
    for call in ["OpenEphemeralResource", "CloseEphemeralResource"] {
        let line = log.lines().find(|line| line.contains(&format!("tf_rpc={call}")));
        let line = line.unwrap_or_else(|| panic!("no {call} in the log"));
        assert!(line.contains("tf_ephemeral_resource_type=gitops_eks_token"), "{line}");
    }
    for (place, text) in
        [("state", &workspace.read("terraform.tfstate")), ("plan", &shown.output), ("log", &log)]
    {
        assert!(!text.contains("k8s-aws-v1."), "a token is in the {place}");
    }

    let wrong = workspace.clone().with("TF_VAR_name", "nowhere").plan().await.failed();
    let wrong = wrong.says("Opening ephemeral resource gitops_eks_token");
    wrong.says("ResourceNotFoundException").says("Check the name \"nowhere\"");
    workspace.destroy().await.succeeded().says("1 destroyed");
}

#[tokio::test]
async fn a_login_to_a_registry_is_kept_nowhere() {
    let workspace = Workspace::new(sandbox().await, "ephemeral-ecr");
    let configuration = r#"
provider "gitops" {
  region = "eu-west-1"
}

ephemeral "gitops_ecr_authorization_token" "this" {
  lifecycle {
    postcondition {
      condition = (
        self.user_name == "AWS" && self.password == "123456789012-auth-token"
        && self.authorization_token == base64encode("AWS:123456789012-auth-token")
        && self.proxy_endpoint == "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com"
        && self.expires_at == "2015-01-01T00:00:00Z"
      )
      error_message = "Not what moto says."
    }
  }
}

ephemeral "ecr_authorization_token" "short" {
  provider = gitops
  region   = "eu-west-1"
}

resource "terraform_data" "this" { input = "kept" }
"#;
    let log = workspace.folder().join("trace.log").display().to_string();
    let workspace = workspace.with("TF_LOG", "TRACE").with("TF_LOG_PATH", log);
    workspace.write("main.tf", &format!("{PROVIDER}{configuration}"));
    workspace.init().await;
    workspace.apply().await.succeeded();
    workspace.run(&["plan", "-input=false", "-no-color", "-out=tfplan"]).await.succeeded();
    let shown = workspace.run(&["show", "-json", "tfplan"]).await.succeeded();
    let log = workspace.read("trace.log");
    let opened = "tf_ephemeral_resource_type=gitops_ecr_authorization_token";
    assert!(log.contains(opened), "it was not opened");
    // The configuration itself is in a plan, and here says what is expected.
    let encoded = base64::prelude::BASE64_STANDARD.encode("AWS:123456789012-auth-token");
    for (place, text) in
        [("state", &workspace.read("terraform.tfstate")), ("plan", &shown.output), ("log", &log)]
    {
        assert!(!text.contains(&encoded), "a login is in the {place}");
    }
    assert!(!workspace.read("terraform.tfstate").contains("auth-token"));
    workspace.destroy().await.succeeded();
}
