//! Several accounts, roles and clusters in one apply, as the examples have them.

use std::collections::BTreeSet;

use gitops_sandbox::eks::{ClusterSpec, Emulator, EmulatorConfig};
use gitops_sandbox::eks_api::{EksApi, segment};
use http::Method;
use serde_json::{Value as Json, json};

use crate::support::cli::Workspace;
use crate::support::sandbox::{CLUSTER_NAME, Objects, iam, kinds, own_eks, sandbox};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}"#;

async fn role(name: &str) -> String {
    let iam = iam(sandbox().await);
    let made = iam.create_role().role_name(name).assume_role_policy_document(TRUST).send().await;
    made.expect("a role").role.expect("a role").arn
}

#[tokio::test]
async fn a_cluster_of_another_account_is_registered_with_the_credentials_of_both() {
    let sandbox = kinds().await;
    let eks = own_eks().await;
    let control_plane = sandbox.control_plane();
    eks.add_cluster(ClusterSpec {
        name: "spoke".to_owned(),
        endpoint: control_plane.endpoint().to_owned(),
        ca_pem: control_plane.ca_pem().to_owned(),
        version: "1.36".to_owned(),
    });
    let hub_role = role("it-hub-role").await;
    let argocd_role = role("it-hub-argocd").await;
    // The hub's API server asks the sandbox's own EKS API who somebody is.
    let api = sandbox.eks_api().expect("the EKS API");
    let entries = format!("clusters/{CLUSTER_NAME}/access-entries");
    let entry = json!({ "principalArn": hub_role });
    api.call(Method::POST, &entries, Some(&entry)).await.expect("an access entry");
    let entry = format!("{entries}/{}", segment(&hub_role));
    let policy = json!({
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        "accessScope": { "type": "cluster" },
    });
    let policies = format!("{entry}/access-policies");
    api.call(Method::POST, &policies, Some(&policy)).await.expect("an access policy");

    let spoke_arn = "arn:aws:eks:eu-west-1:210987654321:cluster/spoke";
    let workspace = Workspace::of(sandbox.of(), "hub-and-spoke", "examples/hub-and-spoke")
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint())
        .with("TF_VAR_region", "eu-west-1")
        .with("TF_VAR_hub_cluster_name", CLUSTER_NAME)
        .with("TF_VAR_hub_role_arn", &hub_role)
        .with("TF_VAR_argocd_role_arn", &argocd_role)
        .with("TF_VAR_spoke_cluster_name", "spoke")
        .with("TF_VAR_spoke_cluster_arn", spoke_arn)
        .with("TF_VAR_spoke_deployer_role_arn", "arn:aws:iam::210987654321:role/deployer")
        .with("TF_VAR_namespace", "default");
    workspace.init().await;
    workspace.apply().await.succeeded().says("3 added");

    let state = eks.state_json();
    let entries = &state["clusters"]["spoke"]["accessEntries"];
    assert_eq!(entries.as_array().expect("entries").len(), 1, "{entries:#}");
    assert_eq!(entries[0]["principalArn"], argocd_role);
    // Whose calls they were: the role of the spoke's account, and for the hub the user and the role
    // that the project names.
    let keys = |cluster: &str| -> BTreeSet<String> {
        let calls = eks.calls().into_iter();
        let calls = calls.filter(|call| call.path.values().any(|value| value == cluster));
        calls.filter_map(|call| call.access_key_id).collect()
    };
    let (spoke, hub) = (keys("spoke"), keys(CLUSTER_NAME));
    assert_eq!(spoke.len(), 1, "{spoke:?}");
    assert!(spoke.iter().all(|key| key.starts_with("ASIA")), "{spoke:?}");
    assert!(spoke.is_disjoint(&hub), "{spoke:?} {hub:?}");
    assert_eq!(hub.len(), 2, "{hub:?}");

    let secrets = Objects::new(&sandbox, "v1", "Secret", Some("default"));
    let secret = secrets.get("spoke").await;
    assert_eq!(secret["metadata"]["labels"]["argocd.argoproj.io/secret-type"], "cluster");
    let reviews = sandbox.eks().expect("the EKS API").token_reviews();
    let by_role = |review: &gitops_sandbox::eks::TokenReview| {
        review.outcome.as_ref().is_ok_and(|who| who.contains("it-hub-role"))
    };
    assert!(reviews.iter().any(by_role), "nobody logged in as the role of the project");

    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    let state = eks.state_json();
    assert_eq!(state["clusters"]["spoke"]["accessEntries"], json!([]));
    assert_eq!(secrets.find("spoke").await, None::<Json>);
    api.call(Method::DELETE, &entry, None).await.expect("no access entry");
}

#[tokio::test]
async fn a_controller_gets_its_roles_before_it_is_deployed() {
    let eks = own_eks().await;
    let workspace = Workspace::of(sandbox().await, "karpenter", "examples/karpenter")
        .with("AWS_ENDPOINT_URL_EKS", eks.endpoint())
        .with("TF_VAR_region", "eu-west-1")
        .with("TF_VAR_cluster_name", CLUSTER_NAME);
    workspace.init().await;
    workspace.apply().await.succeeded().says("4 added");
    let association = eks.only("podIdentityAssociations");
    assert_eq!(association["serviceAccount"], "karpenter");
    assert_eq!(eks.only("accessEntries")["type"], "EC2_LINUX");
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
    assert_eq!(eks.all("podIdentityAssociations"), [Json::Null; 0]);
    assert_eq!(eks.all("accessEntries"), [Json::Null; 0]);
}

/// Tags of the provider block, and a resource in a region that is not the provider's.
const ELSEWHERE: &str = r#"
terraform {
  required_providers {
    gitops = { source = "eks-gitops/gitops" }
  }
}

provider "gitops" {
  region = "eu-west-1"
  default_tags { tags = { team = "platform", tier = "default" } }
  ignore_tags {
    keys         = ["cost"]
    key_prefixes = ["scan:"]
  }
}

resource "gitops_eks_access_entry" "this" {
  cluster_name  = "far"
  region        = "ap-south-1"
  principal_arn = "arn:aws:iam::210987654321:role/ci"
  tags          = { tier = "own" }
}
"#;

#[tokio::test]
async fn a_resource_is_in_its_own_region_with_the_tags_of_the_provider_beside_those_of_others() {
    // Refuses what is signed for another region.
    let config = EmulatorConfig {
        region: "ap-south-1".to_owned(),
        clusters: vec![ClusterSpec {
            name: "far".to_owned(),
            endpoint: "https://127.0.0.1:9".to_owned(),
            ca_pem: String::new(),
            version: "1.36".to_owned(),
        }],
        ..EmulatorConfig::default()
    };
    let eks = Emulator::start(config).expect("an EKS API");
    let entry = || eks.state_json()["clusters"]["far"]["accessEntries"][0].clone();
    let workspace = Workspace::new(sandbox().await, "elsewhere")
        .with("AWS_ENDPOINT_URL_EKS", eks.url().as_str().trim_end_matches('/'));
    workspace.write("main.tf", ELSEWHERE);
    workspace.init().await;
    workspace.apply().await.succeeded();
    assert_eq!(entry()["tags"], json!({ "team": "platform", "tier": "own" }));
    let arn = entry()["accessEntryArn"].as_str().expect("an ARN").to_owned();
    assert!(arn.starts_with("arn:aws:eks:ap-south-1:"), "{arn}");

    let tag = async |tags: Json| {
        let api = EksApi::new(eks.url(), "ap-south-1");
        let path = format!("tags/{}", segment(&arn));
        let tagged = api.call(Method::POST, &path, Some(&json!({ "tags": tags }))).await;
        tagged.expect("a tagged entry");
    };
    tag(json!({ "cost": "7", "scan:last": "today" })).await;
    workspace.plan().await.shows_no_changes();
    tag(json!({ "stray": "1", "tier": "changed" })).await;
    let changes = workspace.planned().await.changes();
    let mut fields = changes["gitops_eks_access_entry.this"].clone();
    fields.sort();
    assert_eq!(fields, ["tags.stray", "tags.tier", "tags_all.stray", "tags_all.tier"]);
    workspace.apply().await.succeeded();
    let left = json!({ "team": "platform", "tier": "own", "cost": "7", "scan:last": "today" });
    assert_eq!(entry()["tags"], left);
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
}

#[tokio::test]
async fn credentials_that_are_missing_or_wrong_are_one_error_that_says_where_they_came_from() {
    let workspace = Workspace::new(sandbox().await, "credentials");
    workspace.write("main.tf", ELSEWHERE);
    workspace.init().await;
    let one = |run: &crate::support::cli::Run| {
        assert_eq!(run.text().matches("Error: ").count(), 1, "{run}");
    };
    let none = workspace
        .clone()
        .with("AWS_EC2_METADATA_DISABLED", true)
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY");
    let run = none.apply().await.failed().says("No AWS credentials were found in the environment");
    one(&run.says("AWS_WEB_IDENTITY_TOKEN_FILE").says("AWS_CONTAINER_CREDENTIALS_FULL_URI"));

    workspace.write("aws-config", "[profile other]\nregion = eu-west-1\n");
    let file = workspace.folder().join("aws-config");
    let absent = none.clone().with("AWS_PROFILE", "absent").with("AWS_CONFIG_FILE", file.display());
    let run = absent.apply().await.failed().says("AWS_PROFILE").says("`absent` was not defined");
    one(&run);
    // Nor is anything else looked at where there is no file at all.
    let absent = none.with("AWS_PROFILE", "absent").with("HOME", workspace.folder().display());
    let run = absent.apply().await.failed().says("profile \"absent\" (AWS_PROFILE)");
    one(&run.says("`absent` was not defined"));

    // The emulator takes every key, and no signature for another region, with the same error.
    let eks = own_eks().await;
    let wrong = workspace.with("AWS_ENDPOINT_URL_EKS", eks.endpoint());
    let run = wrong.apply().await.failed().says("InvalidSignatureException");
    let run = run.says("The credentials came from the environment (AWS_ACCESS_KEY_ID");
    one(&run);
}
