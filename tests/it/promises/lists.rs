//! What exists can be found, whoever made it.
//!
//! No command line tool that the sandbox has can list yet, so the server runs in this process; what
//! it calls is real.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::Server;
use tokio_util::sync::CancellationToken;

use gitops_sandbox::Sandbox;

use crate::support::cli::Workspace;
use crate::support::core::{Core, Listed};
use crate::support::sandbox::{Eks, Objects, kinds, own_eks, variable};

pub(super) async fn core(sandbox: &Sandbox, eks: &Eks) -> Core<Server<Provider>> {
    let core = Core::start(Server::new(registry(), CancellationToken::new())).await;
    let kubeconfig = sandbox.control_plane().admin().file.to_str().expect("UTF-8");
    let endpoints = json!({
        "eks": eks.endpoint(), "iam": variable(sandbox, "AWS_ENDPOINT_URL_IAM"),
        "sts": variable(sandbox, "AWS_ENDPOINT_URL_STS"),
        "ecr": variable(sandbox, "AWS_ENDPOINT_URL_ECR"),
    });
    let config = json!({
        "region": "eu-west-1",
        "access_key": variable(sandbox, "AWS_ACCESS_KEY_ID"),
        "secret_key": variable(sandbox, "AWS_SECRET_ACCESS_KEY"),
        "endpoints": endpoints,
        "cluster": { "config_path": kubeconfig },
    });
    let said = core.configure(&config).await.expect("a configured provider");
    assert_eq!(said, []);
    core
}

/// The display names of all that a list finds.
fn names(found: &[Listed]) -> BTreeSet<&str> {
    found.iter().map(|found| found.display_name.as_str()).collect()
}

#[tokio::test]
async fn everything_that_was_made_is_listed_with_its_identity_and_as_it_is() {
    let sandbox = kinds().await;
    let eks = own_eks().await;
    let workspace = Workspace::of(sandbox.of(), "lists", "tests/fixtures/ten")
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.init().await;
    workspace.apply().await.succeeded();
    let core = core(&sandbox, &eks).await;
    let prefix = workspace.prefix();

    let in_project = json!({ "namespace": prefix });
    let in_cluster = json!({ "cluster_name": "sandbox" });
    for (type_name, query, name) in [
        ("gitops_application", &in_project, format!("{prefix}/shop")),
        ("gitops_app_project", &in_project, format!("{prefix}/shop")),
        ("gitops_cluster", &in_project, format!("{prefix}/shop")),
        ("gitops_repository", &in_project, format!("{prefix}/shop-git")),
        ("gitops_repository_credentials", &in_project, format!("{prefix}/charts")),
        ("gitops_kargo_warehouse", &in_project, format!("{prefix}/manifests")),
        ("gitops_kargo_project", &json!({ "label_selector": "purpose=test" }), prefix.to_owned()),
        ("gitops_eks_capability_argocd", &in_cluster, "argocd".to_owned()),
        ("gitops_eks_capability_ack", &in_cluster, "ack".to_owned()),
        ("gitops_eks_capability_kro", &in_cluster, "kro".to_owned()),
        ("gitops_pod_identity_association", &in_cluster, "shop/web".to_owned()),
        ("gitops_iam_role", &json!({ "path_prefix": "/" }), format!("{prefix}-pods")),
    ] {
        let found = core.list(type_name, query, true, 0).await.expect("a list");
        let one = found.iter().find(|found| found.display_name == name);
        let one = one.unwrap_or_else(|| panic!("no {type_name} {name:?} in {found:#?}"));
        assert_eq!(one.said, [], "{type_name}");
        let stored = stored(&workspace, type_name);
        for (attribute, value) in one.identity.as_object().expect("an identity") {
            assert_eq!(*value, stored[attribute], "the identity's {attribute} of {type_name}");
        }
        let object = one.object.as_ref().expect("it was asked for");
        if type_name.contains("capability") {
            // One call of the API lists those of all types.
            assert_eq!(found.len(), 1, "{type_name}: {found:#?}");
        }
        for attribute in ["source", "server", "subscriptions", "role_arn", "association_id"] {
            assert_eq!(object[attribute].is_null(), stored[attribute].is_null(), "{attribute}");
        }
        let short = type_name.trim_start_matches("gitops_");
        assert_eq!(core.list(short, query, true, 0).await.expect("a list"), found);
    }

    let stages = core.list("gitops_kargo_stage", &in_project, false, 0).await.expect("a list");
    let expected = [format!("{prefix}/dev"), format!("{prefix}/prod")];
    assert_eq!(names(&stages), expected.iter().map(String::as_str).collect());
    assert!(stages.iter().all(|stage| stage.object.is_none()), "{stages:#?}");
    let one = core.list("gitops_kargo_stage", &in_project, true, 1).await.expect("a list");
    assert_eq!(one.len(), 1);

    let entries =
        core.list("gitops_eks_access_entry", &in_cluster, false, 0).await.expect("a list");
    let pods = format!("arn:aws:iam::123456789012:role/{prefix}-pods");
    assert!(names(&entries).contains(pods.as_str()), "{entries:#?}");
    let edit = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy";
    let query = json!({ "cluster_name": "sandbox", "associated_policy_arn": edit });
    let editors = core.list("gitops_eks_access_entry", &query, true, 0).await.expect("a list");
    assert_eq!(names(&editors), BTreeSet::from([pods.as_str()]));
    let groups = &editors[0].object.as_ref().expect("it was asked for")["kubernetes_groups"];
    assert_eq!(*groups, json!(["viewers"]));

    workspace.destroy().await.succeeded();
}

/// Other Secrets of a namespace are nobody's clusters and repositories.
#[tokio::test]
async fn only_what_argo_cd_takes_for_its_own_secrets_is_listed() {
    let sandbox = kinds().await;
    let eks = own_eks().await;
    let namespaces = Objects::new(&sandbox, "v1", "Namespace", None);
    let namespace = "it-lists-secrets";
    namespaces.create(&json!({ "metadata": { "name": namespace } })).await;
    let secrets = Objects::new(&sandbox, "v1", "Secret", Some(namespace));
    secrets.create(&json!({ "metadata": { "name": "other" } })).await;
    let core = core(&sandbox, &eks).await;
    let query = json!({ "namespace": namespace });
    for type_name in ["gitops_cluster", "gitops_repository", "gitops_repository_credentials"] {
        assert_eq!(core.list(type_name, &query, true, 0).await, Ok(vec![]), "{type_name}");
    }
    namespaces.delete(namespace).await;
}

#[tokio::test]
async fn a_list_that_cannot_be_says_why() {
    let sandbox = kinds().await;
    let eks = own_eks().await;
    let core = core(&sandbox, &eks).await;

    let query = json!({ "cluster_name": "nowhere" });
    let said = core.list("gitops_eks_access_entry", &query, false, 0).await.unwrap_err().said();
    let text = format!("{} {}", said[0].summary, said[0].detail);
    assert!(text.contains("gitops_eks_access_entry") && text.contains("nowhere"), "{said:?}");

    let query = json!({ "namespace": "shop" });
    let said = core.list("gitops_kargo_project", &query, false, 0).await.unwrap_err().said();
    assert_eq!(said[0].path, "namespace");
    let query = json!({ "cluster_name": "sandbox", "service_account": "web" });
    let said = core.list("gitops_pod_identity_association", &query, false, 0).await;
    assert_eq!(said.unwrap_err().said()[0].path, "service_account");
}

/// The attributes of the first resource of a type in the state.
fn stored(workspace: &Workspace, type_name: &str) -> Json {
    let resources = workspace.resources();
    let found = resources.iter().find(|resource| resource["type"] == type_name);
    found.unwrap_or_else(|| panic!("no {type_name}"))["instances"][0]["attributes"].clone()
}
