//! What another provider has made becomes ours by a `moved` block, and nothing changes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gitops_sandbox::Sandbox;
use serde_json::{Value as Json, json};

use crate::support::cli::{Cli, Workspace};
use crate::support::sandbox::{PROVIDER, kinds, own_eks};

pub(super) const AWS: &str = "hashicorp/aws";
const KUBERNETES: &str = "hashicorp/kubernetes";
pub(super) const ARGOCD: &str = "argoproj-labs/argocd";

/// A resource of a fixture as another provider would have it in its state.
pub(super) struct Peer {
    pub(super) ours: (&'static str, &'static str),
    pub(super) provider: &'static str,
    pub(super) type_name: &'static str,
    /// Of our attributes, those of the other type.
    pub(super) attributes: fn(&Json) -> Json,
}

const PEERS: [Peer; 15] = [
    Peer {
        ours: ("gitops_iam_role", "this"),
        provider: AWS,
        type_name: "aws_iam_role",
        attributes: |ours| json!({ "id": ours["name"], "name": ours["name"], "path": "/" }),
    },
    Peer {
        ours: ("gitops_iam_role", "pods"),
        provider: AWS,
        type_name: "aws_iam_role",
        attributes: |ours| json!({ "id": ours["name"], "name": ours["name"], "path": "/" }),
    },
    Peer {
        ours: ("gitops_eks_capability_argocd", "this"),
        provider: AWS,
        type_name: "aws_eks_capability",
        attributes: |ours| capability("ARGOCD", ours),
    },
    Peer {
        ours: ("gitops_eks_capability_ack", "this"),
        provider: AWS,
        type_name: "aws_eks_capability",
        attributes: |ours| capability("ACK", ours),
    },
    Peer {
        ours: ("gitops_eks_capability_kro", "this"),
        provider: AWS,
        type_name: "aws_eks_capability",
        attributes: |ours| capability("KRO", ours),
    },
    Peer {
        ours: ("gitops_eks_access_entry", "this"),
        provider: AWS,
        type_name: "aws_eks_access_entry",
        attributes: |ours| json!({ "cluster_name": ours["cluster_name"], "principal_arn": ours["principal_arn"] }),
    },
    Peer {
        ours: ("gitops_pod_identity_association", "this"),
        provider: AWS,
        type_name: "aws_eks_pod_identity_association",
        attributes: |ours| {
            json!({
                "cluster_name": ours["cluster_name"], "association_id": ours["association_id"],
                "id": ours["association_id"],
            })
        },
    },
    Peer {
        ours: ("gitops_cluster", "this"),
        provider: KUBERNETES,
        type_name: "kubernetes_manifest",
        attributes: |ours| manifest("v1", "Secret", ours),
    },
    Peer {
        ours: ("gitops_repository", "this"),
        provider: "alekc/kubectl",
        type_name: "kubectl_manifest",
        attributes: |ours| {
            json!({
                "api_version": "v1", "kind": "Secret", "name": ours["name"],
                "namespace": ours["namespace"],
            })
        },
    },
    Peer {
        ours: ("gitops_repository_credentials", "this"),
        provider: KUBERNETES,
        type_name: "kubernetes_manifest",
        attributes: |ours| manifest("v1", "Secret", ours),
    },
    Peer {
        ours: ("gitops_kargo_project", "this"),
        provider: "alekc/kubectl",
        type_name: "kubectl_manifest",
        attributes: |ours| {
            json!({
                "api_version": "kargo.akuity.io/v1alpha1", "kind": "Project",
                "name": ours["name"], "namespace": null,
            })
        },
    },
    Peer {
        ours: ("gitops_kargo_warehouse", "this"),
        provider: KUBERNETES,
        type_name: "kubernetes_manifest",
        attributes: |ours| manifest("kargo.akuity.io/v1alpha1", "Warehouse", ours),
    },
    Peer {
        ours: ("gitops_kargo_stage", "dev"),
        provider: "gavinbunney/kubectl",
        type_name: "kubectl_manifest",
        attributes: |ours| {
            json!({
                "api_version": "kargo.akuity.io/v1alpha1", "kind": "Stage",
                "name": ours["name"], "namespace": ours["namespace"],
            })
        },
    },
    Peer {
        ours: ("gitops_app_project", "this"),
        provider: ARGOCD,
        type_name: "argocd_project",
        attributes: metadata,
    },
    Peer {
        ours: ("gitops_application", "this"),
        provider: ARGOCD,
        type_name: "argocd_application",
        attributes: metadata,
    },
];

/// The other provider has one type of resource for the capabilities of every type.
fn capability(kind: &str, ours: &Json) -> Json {
    json!({
        "capability_name": ours["capability_name"], "cluster_name": ours["cluster_name"],
        "type": kind, "delete_propagation_policy": "RETAIN",
    })
}

/// A dynamic value as states have it: beside its type, which nobody reads here.
fn manifest(api_version: &str, kind: &str, ours: &Json) -> Json {
    let metadata = json!({ "name": ours["name"], "namespace": ours["namespace"] });
    let manifest = json!({ "apiVersion": api_version, "kind": kind, "metadata": metadata });
    json!({ "manifest": { "type": "dynamic", "value": manifest } })
}

pub(super) fn metadata(ours: &Json) -> Json {
    json!({ "metadata": [{ "name": ours["name"], "namespace": ours["namespace"] }] })
}

#[tokio::test]
async fn objects_of_other_providers_are_taken_over_without_a_change() {
    taken_over(Cli::Tofu).await;
}

#[tokio::test]
async fn objects_of_other_providers_are_taken_over_without_a_change_under_terraform() {
    taken_over(Cli::Terraform).await;
}

async fn taken_over(cli: Cli) {
    let sandbox = kinds().await;
    let eks = own_eks().await;
    let name = format!("moves-{}", cli.name());
    let workspace = Workspace::of(sandbox.of(), &name, "tests/fixtures/ten")
        .under(cli)
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.init().await;
    workspace.apply().await.succeeded();

    move_here(&workspace, &sandbox, &PEERS).await;
    let types: BTreeSet<_> = workspace
        .resources()
        .iter()
        .map(|resource| resource["type"].as_str().expect("a type").to_owned())
        .collect();
    assert!(types.iter().all(|name| name.starts_with("gitops_")), "{types:?}");
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
}

/// Moves what a workspace has made from the types of other providers to ours, by `moved` blocks that
/// are to change nothing.
pub(super) async fn move_here(workspace: &Workspace, sandbox: &Sandbox, peers: &[Peer]) {
    as_others_would_have_it(workspace, peers);
    let moved = peers.iter().map(|Peer { ours: (ours, name), type_name, .. }| {
        format!("moved {{\n  from = {type_name}.{ours}_{name}\n  to = {ours}.{name}\n}}\n")
    });
    workspace.write("moved.tf", &moved.collect::<String>());
    let mirrored = with_peers(sandbox, workspace.prefix(), peers);
    let workspace = workspace.clone().with("TF_CLI_CONFIG_FILE", mirrored.display());
    let upgraded = workspace.run(&["init", "-input=false", "-no-color", "-upgrade"]).await;
    upgraded.succeeded();

    let changes = workspace.planned().await.changes();
    assert!(changes.is_empty(), "a move is to change nothing: {changes:#?}");
    workspace.apply().await.succeeded().says("0 added, 0 changed, 0 destroyed");
    workspace.remove("moved.tf");
}

/// Rewrites the state as if the other providers had made what is in it.
fn as_others_would_have_it(workspace: &Workspace, peers: &[Peer]) {
    let mut state: Json = serde_json::from_str(&workspace.read("terraform.tfstate")).expect("JSON");
    let mut found = 0;
    for resource in state["resources"].as_array_mut().expect("resources") {
        let is = |peer: &&Peer| resource["type"] == peer.ours.0 && resource["name"] == peer.ours.1;
        let Some(peer) = peers.iter().find(is) else { continue };
        found += 1;
        let registry = resource["provider"].as_str().expect("a provider").to_owned();
        resource["provider"] = registry.replace("eks-gitops/gitops", peer.provider).into();
        resource["type"] = peer.type_name.into();
        resource["name"] = format!("{}_{}", peer.ours.0, peer.ours.1).into();
        let attributes = (peer.attributes)(&resource["instances"][0]["attributes"]);
        // Nothing of ours stays, neither private state nor identity.
        resource["instances"] = json!([{ "schema_version": 0, "attributes": attributes }]);
    }
    assert_eq!(found, peers.len());
    state["serial"] = json!(state["serial"].as_u64().expect("a serial") + 1);
    workspace.write("terraform.tfstate", &state.to_string());
}

/// A configuration of the tools by which the other providers are found too.
///
/// The tools want their schemas, though nothing is asked of them in a move, so any provider is
/// good enough to stand in for them.
fn with_peers(sandbox: &Sandbox, name: &str, peers: &[Peer]) -> PathBuf {
    let mirror = sandbox.folder().join("workspaces").join(format!("{name}-mirror"));
    let ours = sandbox.folder().join("mirror");
    for registry in entries(&ours) {
        let versions = registry.join("eks-gitops/gitops");
        for platform in entries(&versions).iter().flat_map(|version| entries(version)) {
            let below = platform.strip_prefix(&versions).expect("a folder of it");
            let version = below.iter().next().expect("a version").to_str().expect("UTF-8");
            let providers: BTreeSet<_> = peers.iter().map(|peer| peer.provider).collect();
            for provider in providers.into_iter().chain(["eks-gitops/gitops"]) {
                let registry = registry.file_name().expect("a name");
                let folder = mirror.join(registry).join(provider).join(below);
                fs::create_dir_all(&folder).expect("a folder");
                let name = provider.split_once('/').expect("a namespace").1;
                let file = folder.join(format!("terraform-provider-{name}_v{version}"));
                std::os::unix::fs::symlink(PROVIDER, file).expect("a link");
            }
        }
    }
    let file = mirror.join("cli.tfrc");
    let path = mirror.display();
    let text =
        format!("provider_installation {{\n  filesystem_mirror {{ path = \"{path}\" }}\n}}\n");
    fs::write(&file, text).expect("a written file");
    file
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.expect("an entry").path()).collect()
}
