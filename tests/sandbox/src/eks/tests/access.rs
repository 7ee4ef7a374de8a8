//! Access entries, policies, pod identity and tags: what the boto3 check does not go into.

use http::Method;
use serde_json::{Value, json};

use crate::eks::{
    AuthenticationMode, EmulatorConfig, Operation,
    testing::{FakeIam, Fixture, config, encode, policy, role, trust},
};

const ENTRIES: &str = "clusters/demo/access-entries";
const ASSOCIATIONS: &str = "clusters/demo/pod-identity-associations";

fn association(service_account: &str, role_arn: &str) -> Value {
    json!({ "namespace": "apps", "serviceAccount": service_account, "roleArn": role_arn })
}

#[tokio::test]
async fn an_entrys_principal_must_exist_under_its_whole_arn() {
    let iam = FakeIam::default();
    iam.add_role("team/ops", "AROAOPS", &trust("ec2.amazonaws.com"));
    let fixture = Fixture::start(EmulatorConfig { iam_url: Some(iam.serve().await), ..config() });
    for name in ["ops", "other/ops", "missing"] {
        let body = json!({ "principalArn": role(name) });
        let (code, message) = fixture.refused(Method::POST, ENTRIES, body).await;
        assert_eq!(code, "InvalidParameterException");
        let text = "The specified principalArn is invalid: invalid principal.";
        assert_eq!(message, text, "{name}");
    }
    fixture.create_entry(json!({ "principalArn": role("team/ops") })).await;
}

#[tokio::test]
async fn every_entry_operation_needs_a_mode_with_entries() {
    let fixture = Fixture::start(config());
    let entry = format!("{ENTRIES}/{}", encode(&role("a")));
    let association = json!({
        "policyArn": policy("AmazonEKSViewPolicy"),
        "accessScope": { "type": "cluster" },
    });
    let mode = AuthenticationMode::ConfigMap;
    fixture.emulator.set_authentication_mode("demo", mode).unwrap();
    let policies = format!("{entry}/access-policies");
    let of_policy = format!("{policies}/{}", encode(&policy("AmazonEKSViewPolicy")));
    for (method, path, body) in [
        (Method::POST, ENTRIES, json!({ "principalArn": role("a") })),
        (Method::GET, ENTRIES, json!({})),
        (Method::GET, &entry, json!({})),
        (Method::POST, &entry, json!({})),
        (Method::DELETE, &entry, json!({})),
        (Method::POST, &policies, association),
        (Method::GET, &policies, json!({})),
        (Method::DELETE, &of_policy, json!({})),
    ] {
        let (code, message) = fixture.refused(method.clone(), path, body).await;
        assert_eq!(code, "InvalidRequestException", "{method} {path}");
        assert!(message.contains("must be set to one of [API, API_AND_CONFIG_MAP]"));
    }
    let fixed = fixture.emulator.set_authentication_mode("nowhere", mode);
    assert!(fixed.unwrap_err().to_string().contains("nowhere"));
}

#[tokio::test]
async fn an_update_resets_what_it_leaves_out() {
    let fixture = Fixture::start(config());
    let body = json!({
        "principalArn": role("a"),
        "username": "deploy:{{SessionName}}",
        "kubernetesGroups": ["one", "two", "one"],
    });
    let made = fixture.create_entry(body).await;
    assert_eq!(made["kubernetesGroups"], json!(["one", "two"]));
    let path = format!("{ENTRIES}/{}", encode(&role("a")));
    let body = json!({ "username": "deploy:{{SessionName}}" });
    let entry = fixture.ok(Method::POST, &path, body).await["accessEntry"].take();
    assert_eq!(entry["kubernetesGroups"], json!([]));
    assert_eq!(entry["username"], "deploy:{{SessionName}}");
    assert_eq!(entry["accessEntryArn"], made["accessEntryArn"]);
}

#[tokio::test]
async fn an_entry_that_is_made_again_is_another_entry() {
    let fixture = Fixture::start(config());
    let body = json!({ "principalArn": role("a"), "clientRequestToken": "same" });
    let first = fixture.create_entry(body.clone()).await;
    let path = format!("{ENTRIES}/{}", encode(&role("a")));
    assert_eq!(fixture.ok(Method::DELETE, &path, Value::Null).await, json!({}));
    let second = fixture.create_entry(body).await;
    assert_ne!(first["accessEntryArn"], second["accessEntryArn"]);
}

#[tokio::test]
async fn an_auto_mode_node_entry_takes_its_own_policy_only() {
    let fixture = Fixture::start(config());
    fixture.create_entry(json!({ "principalArn": role("node"), "type": "EC2" })).await;
    let cluster = json!({ "type": "cluster" });
    fixture.associate(&role("node"), "AmazonEKSAutoNodePolicy", cluster.clone()).await;
    let path = format!("{ENTRIES}/{}/access-policies", encode(&role("node")));
    let body = json!({ "policyArn": policy("AmazonEKSViewPolicy"), "accessScope": cluster });
    let (_, message) = fixture.refused(Method::POST, &path, body).await;
    assert!(message.ends_with("with a type of \"STANDARD\""), "{message}");
}

#[tokio::test]
async fn a_pod_identity_role_must_exist_and_trust_the_service() {
    let iam = FakeIam::default();
    let fixture = Fixture::start(EmulatorConfig { iam_url: Some(iam.serve().await), ..config() });
    iam.add_role("pods", "AROAPODS", &trust("pods.eks.amazonaws.com"));
    iam.add_role("kro", "AROAKRO", &trust("capabilities.eks.amazonaws.com"));
    for (name, text) in [
        ("missing", "Role provided in the request does not exist."),
        ("kro", "Trust policy of the role provided is invalid."),
    ] {
        let body = association("web", &role(name));
        let (code, message) = fixture.refused(Method::POST, ASSOCIATIONS, body).await;
        assert_eq!((code.as_str(), message.as_str()), ("InvalidParameterException", text));
    }
    let body = association("web", &role("pods"));
    let made = fixture.ok(Method::POST, ASSOCIATIONS, body).await["association"].take();
    let path = format!("{ASSOCIATIONS}/{}", made["associationId"].as_str().unwrap());
    let body = json!({ "roleArn": role("kro") });
    let (_, message) = fixture.refused(Method::POST, &path, body).await;
    assert_eq!(message, "Trust policy of the role provided is invalid.");
    assert_eq!(fixture.get(&path).await["association"], made);
}

#[tokio::test]
async fn a_duplicate_association_names_the_one_that_is_there() {
    let fixture = Fixture::start(config());
    let body = association("web", &role("web"));
    let made = fixture.ok(Method::POST, ASSOCIATIONS, body.clone()).await;
    let id = made["association"]["associationId"].as_str().unwrap();
    assert!(id.len() == 19 && id.starts_with("a-"), "{id}");
    let (code, message) = fixture.refused(Method::POST, ASSOCIATIONS, body).await;
    assert_eq!(code, "ResourceInUseException");
    assert_eq!(message, format!("Association already exists: {id}"));
}

#[tokio::test]
async fn a_cluster_has_room_for_a_thousand_associations() {
    let fixture = Fixture::start(config());
    for n in 0..1000 {
        let body = association(&format!("sa-{n}"), &role("web"));
        fixture.ok(Method::POST, ASSOCIATIONS, body).await;
    }
    let body = association("one-more", &role("web"));
    let (code, _) = fixture.refused(Method::POST, ASSOCIATIONS, body).await;
    assert_eq!(code, "ResourceLimitExceededException");
    assert_eq!(fixture.emulator.call_count(Operation::CreatePodIdentityAssociation), 1001);
}

#[tokio::test]
async fn after_everything_is_deleted_the_state_is_as_before() {
    let fixture = Fixture::start(config());
    let before = fixture.emulator.state_json();
    fixture.create_entry(json!({ "principalArn": role("a") })).await;
    fixture.associate(&role("a"), "AmazonEKSViewPolicy", json!({ "type": "cluster" })).await;
    let body = association("web", &role("web"));
    let made = fixture.ok(Method::POST, ASSOCIATIONS, body).await;
    let during = fixture.emulator.state_json();
    let entry = &during["clusters"]["demo"]["accessEntries"][0];
    let associated = &entry["associatedAccessPolicies"][0]["policyArn"];
    assert_eq!(*associated, policy("AmazonEKSViewPolicy"));

    let id = made["association"]["associationId"].as_str().unwrap();
    for path in [format!("{ASSOCIATIONS}/{id}"), format!("{ENTRIES}/{}", encode(&role("a")))] {
        fixture.ok(Method::DELETE, &path, Value::Null).await;
    }
    assert_eq!(fixture.emulator.state_json(), before);
}

#[tokio::test]
async fn tags_are_of_the_resource_and_go_with_it() {
    let fixture = Fixture::start(config());
    let body = json!({ "principalArn": role("a"), "tags": { "team": "x" } });
    let entry = fixture.create_entry(body.clone()).await;
    let path = format!("tags/{}", encode(entry["accessEntryArn"].as_str().unwrap()));
    let more = json!({ "tags": { "env": "dev" } });
    fixture.ok(Method::POST, &path, more).await;
    let all = json!({ "tags": { "team": "x", "env": "dev" } });
    assert_eq!(fixture.get(&path).await, all);
    fixture.ok(Method::DELETE, &format!("{path}?tagKeys=team&tagKeys=env"), Value::Null).await;
    assert_eq!(fixture.get(&path).await, json!({ "tags": {} }));

    let of_entry = format!("{ENTRIES}/{}", encode(&role("a")));
    fixture.ok(Method::DELETE, &of_entry, Value::Null).await;
    let (code, _) = fixture.refused(Method::GET, &path, json!({})).await;
    assert_eq!(code, "NotFoundException");
}
