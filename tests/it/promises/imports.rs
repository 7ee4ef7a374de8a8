//! What exists can be imported, by a text and by its identity, and is then as configured.

use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{Eks, Kinds, kinds, own_eks};

/// Every resource of the fixture, with the text that imports it and its identity.
fn imports(workspace: &Workspace, association: &str) -> Vec<(&'static str, String, String)> {
    let prefix = workspace.prefix();
    let role = |name: &str| format!("{prefix}-{name}");
    let principal = format!("arn:aws:iam::123456789012:role/{}", role("pods"));
    let in_project = |address, name: &str| {
        let identity = format!(r#"{{ namespace = "{prefix}", name = "{name}" }}"#);
        (address, format!("{prefix}/{name}"), identity)
    };
    vec![
        ("gitops_iam_role.this", role("argocd"), format!(r#"{{ name = "{}" }}"#, role("argocd"))),
        ("gitops_iam_role.pods", role("pods"), format!(r#"{{ name = "{}" }}"#, role("pods"))),
        (
            "gitops_eks_capability_argocd.this",
            "sandbox,argocd".into(),
            r#"{ cluster_name = "sandbox", capability_name = "argocd" }"#.into(),
        ),
        (
            "gitops_eks_capability_ack.this",
            "sandbox,ack".into(),
            r#"{ cluster_name = "sandbox", capability_name = "ack" }"#.into(),
        ),
        (
            "gitops_eks_capability_kro.this",
            "sandbox,kro".into(),
            r#"{ cluster_name = "sandbox", capability_name = "kro" }"#.into(),
        ),
        (
            "gitops_eks_access_entry.this",
            format!("sandbox,{principal}"),
            format!(r#"{{ cluster_name = "sandbox", principal_arn = "{principal}" }}"#),
        ),
        (
            "gitops_pod_identity_association.this",
            "sandbox,shop,web".into(),
            format!(r#"{{ cluster_name = "sandbox", association_id = "{association}" }}"#),
        ),
        ("gitops_kargo_project.this", prefix.into(), format!(r#"{{ name = "{prefix}" }}"#)),
        in_project("gitops_kargo_warehouse.this", "manifests"),
        in_project("gitops_kargo_stage.dev", "dev"),
        in_project("gitops_kargo_stage.prod", "prod"),
        in_project("gitops_cluster.this", "shop"),
        in_project("gitops_repository.this", "shop-git"),
        in_project("gitops_repository_credentials.this", "charts"),
        in_project("gitops_app_project.this", "shop"),
        in_project("gitops_application.this", "shop"),
    ]
}

async fn applied(sandbox: &Kinds, eks: &Eks, name: &str, cli: Cli) -> Workspace {
    let workspace = Workspace::of(sandbox.of(), name, "tests/fixtures/ten")
        .under(cli)
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.init().await;
    workspace.apply().await.succeeded();
    workspace
}

async fn forget(workspace: &Workspace, imports: &[(&'static str, String, String)]) {
    let addresses: Vec<_> = imports.iter().map(|(address, ..)| *address).collect();
    workspace.run(&[&["state", "rm"], &addresses[..]].concat()).await.succeeded();
    assert!(!workspace.has_resources());
}

#[tokio::test]
async fn every_type_is_imported_by_its_text_and_by_its_identity() {
    let sandbox = kinds().await;
    let eks = own_eks().await;
    let workspace = applied(&sandbox, &eks, "imports", Cli::Tofu).await;
    let association = eks.only("podIdentityAssociations");
    let association = association["associationId"].as_str().expect("an id");
    let imports = imports(&workspace, association);

    forget(&workspace, &imports).await;
    for (address, id, _) in &imports {
        let import = ["import", "-input=false", "-no-color", address, id];
        workspace.run(&import).await.succeeded().says("Import successful!");
    }
    workspace.plan().await.shows_no_changes();

    forget(&workspace, &imports).await;
    let blocks: Vec<_> = imports
        .iter()
        .map(|(address, _, identity)| {
            format!("import {{\n  to = {address}\n  identity = {identity}\n}}\n")
        })
        .collect();
    workspace.write("imports.tf", &blocks.concat());
    let changes = workspace.planned().await.changes();
    let others: Vec<_> = changes.iter().filter(|(_, fields)| *fields != &["import"]).collect();
    assert!(others.is_empty(), "an import is to change nothing: {others:#?}");
    assert_eq!(changes.len(), imports.len());
    workspace.apply().await.succeeded().says("16 imported, 0 added, 0 changed, 0 destroyed");
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
}

/// The id of an association, which a Terraform without identities imports by.
#[tokio::test]
async fn an_association_is_imported_by_its_id_as_well() {
    let eks = own_eks().await;
    let workspace = super::capability::workspace("import-by-id", &eks).await;
    workspace.apply().await.succeeded();
    let association = eks.only("podIdentityAssociations");
    let id = format!("sandbox,{}", association["associationId"].as_str().expect("an id"));
    let address = "gitops_pod_identity_association.this";

    workspace.run(&["state", "rm", address]).await.succeeded();
    workspace.run(&["import", "-input=false", "-no-color", address, &id]).await.succeeded();
    workspace.plan().await.shows_no_changes();

    workspace.run(&["state", "rm", address]).await.succeeded();
    let wrong = workspace.run(&["import", "-input=false", "-no-color", address, "sandbox"]).await;
    wrong.failed().says("<cluster_name>,<association_id>").says("<service_account>");
}
