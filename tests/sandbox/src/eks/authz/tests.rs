//! What the policies of an entry allow, through the webhook.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::eks::{
    ENTRY_KEY,
    testing::{Fixture, config, encode, role},
};

/// A fixture with an entry; its ARN.
async fn entry() -> (Fixture, String) {
    let fixture = Fixture::start(config());
    let entry = fixture.create_entry(json!({ "principalArn": role("ops") })).await;
    let arn = entry["accessEntryArn"].as_str().unwrap().to_owned();
    (fixture, arn)
}

async fn review(fixture: &Fixture, entry: &str, attributes: Value) -> bool {
    let mut spec = attributes;
    spec["user"] = json!("someone");
    spec["extra"] = json!({ ENTRY_KEY: [entry] });
    let request = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": spec,
    });
    let answer = fixture.post(&fixture.emulator.authz_webhook_url(), &request).await;
    assert_eq!(answer["apiVersion"], "authorization.k8s.io/v1");
    assert_eq!(answer["kind"], "SubjectAccessReview");
    assert!(answer["status"].get("denied").is_none(), "others may still allow");
    answer["status"]["allowed"].as_bool().unwrap()
}

fn on(verb: &str, resource: &str, namespace: &str) -> Value {
    json!({
        "resourceAttributes": { "verb": verb, "resource": resource, "namespace": namespace },
    })
}

#[tokio::test]
async fn without_a_policy_nothing_is_allowed() {
    let (fixture, entry) = entry().await;
    assert!(!review(&fixture, &entry, on("get", "pods", "dev")).await);
}

#[tokio::test]
async fn a_scope_of_namespaces_holds_in_them_only() {
    let (fixture, entry) = entry().await;
    let scope = json!({ "type": "namespace", "namespaces": ["dev-*", "ops"] });
    fixture.associate(&role("ops"), "AmazonEKSClusterAdminPolicy", scope).await;
    for (namespace, allowed) in [("dev-a", true), ("ops", true), ("prod", false), ("", false)] {
        let seen = review(&fixture, &entry, on("delete", "pods", namespace)).await;
        assert_eq!(seen, allowed, "{namespace:?}");
    }
    let path = json!({ "nonResourceAttributes": { "verb": "get", "path": "/metrics" } });
    assert!(!review(&fixture, &entry, path).await);
}

#[tokio::test]
async fn a_scope_of_the_cluster_holds_everywhere() {
    let (fixture, entry) = entry().await;
    let scope = json!({ "type": "cluster" });
    fixture.associate(&role("ops"), "AmazonEKSClusterAdminPolicy", scope).await;
    let path = json!({ "nonResourceAttributes": { "verb": "get", "path": "/metrics" } });
    for attributes in [on("delete", "pods", "prod"), on("list", "nodes", ""), path] {
        assert!(review(&fixture, &entry, attributes.clone()).await, "{attributes}");
    }
}

#[tokio::test]
async fn policies_add_up() {
    let (fixture, entry) = entry().await;
    let everywhere = json!({ "type": "cluster" });
    let here = json!({ "type": "namespace", "namespaces": ["dev"] });
    fixture.associate(&role("ops"), "AmazonEKSViewPolicy", everywhere).await;
    fixture.associate(&role("ops"), "AmazonEKSEditPolicy", here).await;
    for (verb, namespace, allowed) in
        [("get", "prod", true), ("delete", "prod", false), ("delete", "dev", true)]
    {
        let seen = review(&fixture, &entry, on(verb, "pods", namespace)).await;
        assert_eq!(seen, allowed, "{verb} in {namespace}");
    }
}

#[tokio::test]
async fn a_subresource_is_a_resource_of_its_own() {
    let (fixture, entry) = entry().await;
    let scope = json!({ "type": "cluster" });
    fixture.associate(&role("ops"), "AmazonEKSViewPolicy", scope).await;
    let with = |subresource: &str| {
        let mut attributes = on("get", "pods", "dev");
        attributes["resourceAttributes"]["subresource"] = json!(subresource);
        attributes
    };
    assert!(review(&fixture, &entry, with("log")).await);
    assert!(!review(&fixture, &entry, with("exec")).await);
}

#[tokio::test]
async fn only_those_whom_the_token_webhook_marked_are_known() {
    let (fixture, _) = entry().await;
    let scope = json!({ "type": "cluster" });
    fixture.associate(&role("ops"), "AmazonEKSClusterAdminPolicy", scope).await;
    assert!(!review(&fixture, "", on("get", "pods", "dev")).await);
    let request = json!({ "spec": { "user": "system:serviceaccount:a:b", "groups": ["x"] } });
    let answer = fixture.post(&fixture.emulator.authz_webhook_url(), &request).await;
    assert_eq!(answer["status"], json!({ "allowed": false }));
}

#[tokio::test]
async fn a_deleted_entry_allows_nothing_even_if_another_takes_its_place() {
    let (fixture, entry) = entry().await;
    let scope = json!({ "type": "cluster" });
    fixture.associate(&role("ops"), "AmazonEKSViewPolicy", scope.clone()).await;
    assert!(review(&fixture, &entry, on("get", "pods", "dev")).await);
    let path = format!("clusters/demo/access-entries/{}", encode(&role("ops")));
    fixture.ok(Method::DELETE, &path, Value::Null).await;
    fixture.create_entry(json!({ "principalArn": role("ops") })).await;
    fixture.associate(&role("ops"), "AmazonEKSViewPolicy", scope).await;
    assert!(!review(&fixture, &entry, on("get", "pods", "dev")).await);
}

#[tokio::test]
async fn a_new_association_takes_its_time_to_hold() {
    let (fixture, entry) = entry().await;
    fixture.emulator.faults().set_access_propagation(Duration::from_mins(1));
    let scope = json!({ "type": "cluster" });
    fixture.associate(&role("ops"), "AmazonEKSViewPolicy", scope).await;
    assert!(!review(&fixture, &entry, on("get", "pods", "dev")).await);
    fixture.emulator.faults().set_access_propagation(Duration::ZERO);
    assert!(review(&fixture, &entry, on("get", "pods", "dev")).await);
}

#[tokio::test]
async fn a_policy_without_rules_here_does_not_hide_the_others() {
    let (fixture, entry) = entry().await;
    let scope = json!({ "type": "cluster" });
    fixture.associate(&role("ops"), "AmazonEKSEventPolicy", scope.clone()).await;
    fixture.associate(&role("ops"), "AmazonEKSViewPolicy", scope).await;
    assert!(review(&fixture, &entry, on("get", "pods", "dev")).await);
}
