//! Drift of a field that is ours shows as that field, and is mended by the next apply.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;
use http::Method;
use serde_json::{Value as Json, json};

use crate::support::cli::Workspace;
use crate::support::sandbox::{Eks, Kinds, Objects, iam, kinds, own_eks};

const ARGO_CD: &str = "argoproj.io/v1alpha1";
const KARGO: &str = "kargo.akuity.io/v1alpha1";

/// One change by somebody else, and how it is to show.
struct Drift {
    address: &'static str,
    api_version: &'static str,
    kind: &'static str,
    name: &'static str,
    /// As a merge patch.
    change: Json,
    /// The paths of the attributes that are to show, and no others.
    shows: &'static [&'static str],
}

fn drifts() -> Vec<Drift> {
    vec![
        // A scalar two levels down.
        Drift {
            address: "gitops_application.this",
            api_version: ARGO_CD,
            kind: "Application",
            name: "shop",
            change: json!({ "spec": { "source": { "targetRevision": "somebody-s-branch" } } }),
            shows: &["source.target_revision"],
        },
        // A list of texts that has grown.
        Drift {
            address: "gitops_app_project.this",
            api_version: ARGO_CD,
            kind: "AppProject",
            name: "shop",
            change: json!({ "spec": { "sourceRepos": ["https://git.example.com/shop.git", "*"] } }),
            shows: &["source_repos"],
        },
        // A label.
        Drift {
            address: "gitops_cluster.this",
            api_version: "v1",
            kind: "Secret",
            name: "shop",
            change: json!({ "metadata": { "labels": { "environment": "test" } } }),
            shows: &["labels.environment"],
        },
        // A key of a Secret that reads as a number, and one that reads as a truth value.
        Drift {
            address: "gitops_repository.this",
            api_version: "v1",
            kind: "Secret",
            name: "shop-git",
            change: json!({ "stringData": { "depth": "7", "enableLfs": "true", "noProxy": "a" } }),
            shows: &["depth", "enable_lfs"],
        },
        // A key of a Secret that is a text.
        Drift {
            address: "gitops_repository_credentials.this",
            api_version: "v1",
            kind: "Secret",
            name: "charts",
            change: json!({ "stringData": { "url": "registry.example.com" } }),
            shows: &["url"],
        },
        // An item of a list of objects.
        Drift {
            address: "gitops_kargo_warehouse.this",
            api_version: KARGO,
            kind: "Warehouse",
            name: "manifests",
            change: json!({ "spec": { "subscriptions": [
                { "git": {
                    "repoURL": "https://git.example.com/shop.git", "branch": "main", "includePaths": ["base"],
                    "commitSelectionStrategy": "NewestFromBranch", "strictSemvers": true, "discoveryLimit": 20,
                } },
                { "image": {
                    "repoURL": "ghcr.io/example/shop", "constraint": "^2.0.0",
                    "imageSelectionStrategy": "SemVer", "strictSemvers": true, "discoveryLimit": 20,
                } },
            ] } }),
            shows: &["subscriptions[1].image.constraint"],
        },
        // Inside a value without a schema.
        Drift {
            address: "gitops_kargo_stage.dev",
            api_version: KARGO,
            kind: "Stage",
            name: "dev",
            change: json!({ "spec": { "promotionTemplate": { "spec": { "steps": [
                { "uses": "git-clone", "config": {
                    "repoURL": "https://git.example.com/shop.git",
                    "checkout": [{ "branch": "main", "path": "./src" }],
                } },
                { "uses": "git-push", "config": { "path": "./elsewhere" },
                  "retry": { "timeout": "5m", "errorThreshold": 3 } },
            ] } } } }),
            shows: &["promotion_template.steps[1].config.path"],
        },
        // A duration, which others may spell in their way.
        Drift {
            address: "gitops_kargo_stage.prod",
            api_version: KARGO,
            kind: "Stage",
            name: "prod",
            change: json!({ "spec": { "requestedFreight": [{
                "origin": { "kind": "Warehouse", "name": "manifests" },
                "sources": { "stages": ["dev"], "requiredSoakTime": "0h5m0s" },
            }] } }),
            shows: &["requested_freight[0].sources.required_soak_time"],
        },
    ]
}

#[tokio::test]
async fn a_field_that_somebody_changed_shows_alone_and_is_mended() {
    let sandbox = kinds().await;
    let eks = own_eks().await;
    let workspace = Workspace::of(sandbox.of(), "drift", "tests/fixtures/ten")
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    workspace.init().await;
    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();

    let mut expected = BTreeMap::new();
    for drift in drifts() {
        let objects = objects(&sandbox, &workspace, &drift);
        objects.patch(drift.name, &drift.change).await;
        expected.insert(drift.address.to_owned(), strings(drift.shows));
    }
    let project = Objects::new(&sandbox, KARGO, "Project", None);
    let description = json!({ "kargo.akuity.io/description": "Somebody's" });
    project.patch(workspace.prefix(), &json!({ "metadata": { "annotations": description } })).await;
    expected.insert("gitops_kargo_project.this".into(), strings(&["description"]));
    expected.extend(drift_in_aws(&sandbox, &workspace, &eks).await);

    assert_eq!(workspace.planned().await.changes(), expected);

    let run = workspace.apply().await.succeeded();
    run.says(&format!("0 added, {} changed, 0 destroyed", expected.len()));
    workspace.plan().await.shows_no_changes();
    for drift in drifts() {
        let mended = objects(&sandbox, &workspace, &drift).get(drift.name).await;
        assert!(!holds(&mended, &drift.change), "{} still is {mended:#}", drift.address);
    }
    workspace.destroy().await.succeeded();
}

/// Changes by somebody else in AWS, and how they are to show.
async fn drift_in_aws(
    sandbox: &Kinds,
    workspace: &Workspace,
    eks: &Eks,
) -> BTreeMap<String, Vec<String>> {
    let role = format!("{}-argocd", workspace.prefix());
    let iam = iam(sandbox);
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
    ] });
    iam.put_role_policy()
        .role_name(&role)
        .policy_name("read")
        .policy_document(policy.to_string())
        .send()
        .await
        .expect("a changed policy");
    let pods = format!("{}-pods", workspace.prefix());
    let tag = Tag::builder().key("team").value("somebody").build().expect("a tag");
    iam.tag_role().role_name(&pods).tags(tag).send().await.expect("a changed tag");

    let api = eks.api();
    let principal = format!("arn:aws:iam::123456789012:role/{pods}");
    let entry = principal.replace(':', "%3A").replace('/', "%2F");
    let path = format!("clusters/sandbox/access-entries/{entry}");
    let groups = json!({ "kubernetesGroups": ["viewers", "editors"] });
    api.call(Method::POST, &path, Some(&groups)).await.expect("a changed entry");

    let mappings = json!({ "configuration": { "argoCd": { "rbacRoleMappings": {
        "addOrUpdateRoleMappings": [{ "role": "VIEWER", "identities": [
            { "id": "11111111-2222-3333-4444-777777777777", "type": "SSO_GROUP" },
            { "id": "99999999-2222-3333-4444-777777777777", "type": "SSO_USER" },
        ] }],
    } } } });
    let path = "clusters/sandbox/capabilities/argocd";
    api.call(Method::POST, path, Some(&mappings)).await.expect("a changed capability");
    crate::support::sandbox::eventually("an updated capability", || async {
        let capability = eks.one("capabilities", "capabilityName", "argocd");
        if capability.to_string().contains("99999999") && capability["status"] == "ACTIVE" {
            Ok(())
        } else {
            Err(capability.to_string())
        }
    })
    .await;
    let change = json!({ "configuration": { "ack": { "disabledServices": ["s3"] } } });
    api.call(Method::POST, "clusters/sandbox/capabilities/ack", Some(&change))
        .await
        .expect("a changed capability");
    crate::support::sandbox::eventually("an updated capability", || async {
        let capability = eks.one("capabilities", "capabilityName", "ack");
        let services = &capability["configuration"]["ack"]["disabledServices"];
        if *services == json!(["s3"]) && capability["status"] == "ACTIVE" {
            Ok(())
        } else {
            Err(capability.to_string())
        }
    })
    .await;

    [
        ("gitops_iam_role.this", &["inline_policies.read"][..]),
        ("gitops_iam_role.pods", &["tags_all.team"]),
        ("gitops_eks_access_entry.this", &["kubernetes_groups"]),
        ("gitops_eks_capability_ack.this", &["disabled_services"]),
        // The roles are a set, whose elements JSON lists in an order of its own.
        ("gitops_eks_capability_argocd.this", &["rbac_role_mappings[1].identities"]),
    ]
    .map(|(address, shows)| (address.to_owned(), strings(shows)))
    .into()
}

fn objects(sandbox: &Kinds, workspace: &Workspace, drift: &Drift) -> Objects {
    Objects::new(sandbox, drift.api_version, drift.kind, Some(workspace.prefix()))
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Whether an object is as a merge patch makes it.
fn holds(object: &Json, change: &Json) -> bool {
    match (object, change) {
        (Json::Object(object), Json::Object(change)) => {
            change.iter().all(|(key, change)| object.get(key).is_some_and(|it| holds(it, change)))
        }
        (object, change) => object == change,
    }
}
