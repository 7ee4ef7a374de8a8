//! `/_sandbox/`, by which other processes do what tests do in Rust.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::eks::{
    FaultPlan, Operation, Settings,
    testing::{Fixture, config, role},
};

async fn put(fixture: &Fixture, path: &str, body: Value) -> StatusCode {
    let path = format!("_sandbox/{path}");
    let response = fixture.send(Method::PUT, &path, Some(&body)).await;
    response.unwrap().status
}

#[tokio::test]
async fn a_fault_plan_can_be_set_read_and_cleared() {
    let fixture = Fixture::start(config());
    let plan = json!({
        "rules": [{ "operation": "ListClusters", "effect": { "delay": 1 } }],
        "pageLimit": 2,
    });
    assert_eq!(put(&fixture, "faults", plan).await, StatusCode::OK);
    let read: FaultPlan = serde_json::from_value(fixture.get("_sandbox/faults").await).unwrap();
    assert_eq!(read, fixture.emulator.faults().plan());
    assert_eq!(read.page_limit, Some(2));
    assert_eq!(read.rules[0].operation, Some(Operation::ListClusters));
    let response = fixture.send(Method::DELETE, "_sandbox/faults", None).await.unwrap();
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(fixture.emulator.faults().plan(), FaultPlan::default());
}

#[tokio::test]
async fn a_plan_or_setting_with_a_typo_is_refused_and_changes_nothing() {
    let fixture = Fixture::start(config());
    for (path, body) in [
        ("faults", json!({ "rule": [] })),
        (
            "faults",
            json!({ "rules": [{ "operation": "CreateCluster", "effect": "loseResponse" }] }),
        ),
        ("settings", json!({ "tokenMaxAge": 1 })),
        ("clusters/demo/status", json!("RUNNING")),
    ] {
        let status = put(&fixture, path, body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
    assert_eq!(fixture.emulator.faults().plan(), FaultPlan::default());
    assert_eq!(fixture.emulator.settings(), Settings::default());
}

#[tokio::test]
async fn settings_can_be_changed() {
    let fixture = Fixture::start(config());
    let body = json!({ "tokenMaxAgeSeconds": 5 });
    assert_eq!(put(&fixture, "settings", body).await, StatusCode::OK);
    let expected = Settings { token_max_age_seconds: 5, ..Settings::default() };
    assert_eq!(fixture.emulator.settings(), expected);
    assert_eq!(fixture.get("_sandbox/settings").await["keepCapabilityAccessEntry"], true);
}

#[tokio::test]
async fn clusters_and_capabilities_can_be_put_into_states() {
    let fixture = Fixture::start(config());
    fixture.create_capability("kro", "KRO", &role("kro")).await;
    fixture.until("kro", "ACTIVE").await;
    let degraded = json!({
        "status": "DEGRADED",
        "issues": [{ "code": "ClusterUnreachable", "message": "no route" }],
    });
    let path = "clusters/demo/capabilities/kro/status";
    assert_eq!(put(&fixture, path, degraded.clone()).await, StatusCode::OK);
    let capability = fixture.capability("kro").await;
    assert_eq!(capability["health"]["issues"], degraded["issues"]);
    assert_eq!(put(&fixture, "clusters/demo/status", json!("UPDATING")).await, StatusCode::OK);
    assert_eq!(fixture.get("clusters/demo").await["cluster"]["status"], "UPDATING");

    for path in ["clusters/demo/capabilities/x/status", "clusters/x/capabilities/kro/status"] {
        assert_eq!(put(&fixture, path, degraded.clone()).await, StatusCode::NOT_FOUND);
    }
    let body = json!({ "name": "b", "endpoint": "x", "caPem": "", "version": "1.34" });
    assert_eq!(put(&fixture, "clusters/a", body).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn state_and_calls_can_be_read() {
    let fixture = Fixture::start(config());
    fixture.create_entry(json!({ "principalArn": role("a") })).await;
    assert_eq!(fixture.get("_sandbox/state").await, fixture.emulator.state_json());
    let calls = fixture.get("_sandbox/calls").await;
    assert_eq!(calls[0]["operation"], "CreateAccessEntry");
    assert_eq!(calls[0]["request"], "POST /clusters/demo/access-entries");
    let response = fixture.send(Method::DELETE, "_sandbox/calls", None).await.unwrap();
    assert_eq!(response.status, StatusCode::OK);
    assert_eq!(fixture.emulator.calls().len(), 0);
    let operations = fixture.get("_sandbox/operations").await;
    assert_eq!(operations.as_array().unwrap().len(), Operation::ALL.len());
}
