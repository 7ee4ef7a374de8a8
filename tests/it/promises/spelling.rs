//! Every type has a short name as well, and a `moved` block leads from one to the other.

use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{kinds, own_eks};

fn configuration(long: bool) -> String {
    let (prefix, provider) = if long { ("gitops_", "") } else { ("", "provider = gitops") };
    format!(
        r#"
terraform {{
  required_providers {{
    gitops = {{ source = "eks-gitops/gitops" }}
  }}
}}

variable "prefix" {{ type = string }}
variable "kubeconfig" {{ type = string }}

provider "gitops" {{
  region  = "eu-west-1"
  cluster = {{ config_path = var.kubeconfig }}
}}

resource "{prefix}iam_role" "this" {{
  {provider}
  name               = var.prefix
  assume_role_policy = jsonencode({{
    Version   = "2012-10-17"
    Statement = [{{ Effect = "Allow", Principal = {{ Service = "pods.eks.amazonaws.com" }}, Action = "sts:AssumeRole" }}]
  }})
}}

resource "{prefix}eks_access_entry" "this" {{
  {provider}
  cluster_name  = "sandbox"
  principal_arn = {prefix}iam_role.this.arn
}}

resource "{prefix}kargo_project" "this" {{
  {provider}
  name = var.prefix
}}
"#
    )
}

const TYPES: [&str; 3] = ["iam_role", "eks_access_entry", "kargo_project"];

#[tokio::test]
async fn the_short_names_are_the_same_resources() {
    moved_back_and_forth(Cli::Tofu).await;
}

#[tokio::test]
async fn the_short_names_are_the_same_resources_under_terraform() {
    moved_back_and_forth(Cli::Terraform).await;
}

async fn moved_back_and_forth(cli: Cli) {
    let sandbox = kinds().await;
    let eks = own_eks().await;
    let name = format!("spelling-{}", cli.name());
    let workspace =
        Workspace::new(sandbox.of(), &name).under(cli).with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.write("main.tf", &configuration(false));
    workspace.init().await;
    workspace.apply().await.succeeded().says("3 added");
    workspace.plan().await.shows_no_changes();

    for long in [true, false] {
        workspace.write("main.tf", &configuration(long));
        let (from, to) = if long { ("", "gitops_") } else { ("gitops_", "") };
        let moved = TYPES.map(|name| {
            format!("moved {{\n  from = {from}{name}.this\n  to = {to}{name}.this\n}}\n")
        });
        workspace.write("moved.tf", &moved.concat());
        let changes = workspace.planned().await.changes();
        assert!(changes.is_empty(), "a move is to change nothing: {changes:#?}");
        workspace.apply().await.succeeded().says("0 added, 0 changed, 0 destroyed");
        workspace.remove("moved.tf");
        workspace.plan().await.shows_no_changes();
    }
    workspace.destroy().await.succeeded().says("3 destroyed");
}
