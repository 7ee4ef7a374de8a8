//! What a query finds is brought into a configuration that Terraform writes, without a change.

use super::PROVIDER;
use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{kinds, own_eks};

const CONFIGURATION: &str = r#"
variable "prefix" { type = string }
variable "kubeconfig" { type = string }

provider "gitops" {
  region  = "eu-west-1"
  argo_cd = "self_managed"
  cluster = { config_path = var.kubeconfig }
}
"#;

/// What is looked for, and how many of it there are.
const LISTS: [(&str, &str, usize); 8] = [
    ("application", IN_NAMESPACE, 1),
    ("app_project", IN_NAMESPACE, 1),
    ("cluster", IN_NAMESPACE, 1),
    ("kargo_warehouse", IN_NAMESPACE, 1),
    ("kargo_stage", IN_NAMESPACE, 2),
    ("eks_capability_argocd", IN_CLUSTER, 1),
    ("eks_access_entry", EDITORS, 1),
    ("pod_identity_association", IN_CLUSTER, 1),
];
const EDITORS: &str = "cluster_name = \"sandbox\"\n    associated_policy_arn = \
                       \"arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy\"";
const IN_NAMESPACE: &str = "namespace = var.prefix";
const IN_CLUSTER: &str = "cluster_name = \"sandbox\"";

#[tokio::test]
async fn what_a_query_finds_is_imported_with_a_generated_configuration_and_nothing_changes() {
    let sandbox = kinds().await;
    let eks = own_eks().await;
    let maker = Workspace::of(sandbox.of(), "queried", "tests/fixtures/ten")
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    maker.init().await;
    maker.apply().await.succeeded();

    let finder = Workspace::new(sandbox.of(), "queries")
        .under(Cli::Terraform)
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint())
        .with("TF_VAR_prefix", maker.prefix());
    finder.write("main.tf", &[PROVIDER, CONFIGURATION].concat());
    let lists = LISTS.map(|(name, query, _)| {
        format!(
            "list \"gitops_{name}\" \"all\" {{\n  provider = gitops\n  include_resource = true\n  \
             config {{\n    {query}\n  }}\n}}\n"
        )
    });
    finder.write("all.tfquery.hcl", &lists.concat());
    finder.init().await;
    let query = ["query", "-no-color", "-generate-config-out=found.tf"];
    let run = finder.run(&query).await.succeeded();
    let count = |text: &str, what: &str| text.matches(what).count();
    let generated = finder.read("found.tf");
    for (name, _, there_are) in LISTS {
        assert_eq!(count(&generated, &format!("resource \"gitops_{name}\"")), there_are, "{run}");
    }

    let changes = finder.planned().await.changes();
    assert_eq!(changes.len(), LISTS.iter().map(|(.., there_are)| there_are).sum::<usize>());
    for (address, fields) in changes {
        assert_eq!(fields, ["import"], "{address}\n{generated}");
    }
    finder.apply().await.succeeded();
    finder.plan().await.shows_no_changes();
    maker.plan().await.shows_no_changes();
    maker.destroy().await.succeeded();
}
