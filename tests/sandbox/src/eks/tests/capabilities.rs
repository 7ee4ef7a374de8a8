//! Life cycles of capabilities.

use std::sync::{Arc, Mutex};

use futures::FutureExt;
use http::Method;
use serde_json::{Value, json};

use crate::eks::{
    CapabilityEvent, CapabilityFault, CapabilityHook, CapabilityKind, CapabilityOutcome,
    CapabilityStatus, Emulator, EmulatorConfig, Issue, IssueCode, Operation, Settings,
    UpdateErrorCode,
    state::{lock, pause},
    testing::{ACCOUNT, FakeIam, Fixture, TICK, capability, config, encode, role, trust},
};

const CAPABILITIES: &str = "clusters/demo/capabilities";
const SERVICE: &str = "capabilities.eks.amazonaws.com";

fn issue(message: &str) -> Issue {
    Issue { code: IssueCode::AccessDenied, message: message.to_owned() }
}

/// A fixture whose transitions can be watched even when the machine is busy.
fn unhurried() -> Fixture {
    Fixture::start(EmulatorConfig { tick: std::time::Duration::from_millis(300), ..config() })
}

/// A hook that only notes its events.
fn noting() -> (CapabilityHook, Arc<Mutex<Vec<CapabilityEvent>>>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&events);
    let hook: CapabilityHook = Arc::new(move |event| {
        lock(&sink).push(event);
        async { Ok(()) }.boxed()
    });
    (hook, events)
}

#[tokio::test]
async fn the_hook_runs_while_the_capability_is_still_being_created() {
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let (started, start) = tokio::sync::oneshot::channel::<CapabilityEvent>();
    let once = Mutex::new(Some((started, released)));
    let hook: CapabilityHook = Arc::new(move |event| {
        let (started, released) = lock(&once).take().unwrap();
        async move {
            started.send(event).unwrap();
            released.await?;
            Ok(())
        }
        .boxed()
    });
    let fixture = Fixture::start(EmulatorConfig { on_capability_active: Some(hook), ..config() });
    fixture.create_capability("argocd", "ARGOCD", &role("argocd")).await;
    let expected = CapabilityEvent {
        cluster: "demo".to_owned(),
        name: "argocd".to_owned(),
        kind: CapabilityKind::Argocd,
        namespace: Some("argocd".to_owned()),
        role_arn: role("argocd"),
    };
    assert_eq!(start.await.unwrap(), expected);

    pause(TICK * 3).await;
    let waiting = fixture.capability("argocd").await;
    assert_eq!(waiting["status"], "CREATING");
    assert!(waiting.get("version").is_none());
    let entries = fixture.get("clusters/demo/access-entries").await;
    assert_eq!(entries["accessEntries"], json!([role("argocd")]), "the controllers need it");

    release.send(()).unwrap();
    let active = fixture.until("argocd", "ACTIVE").await;
    assert!(active["version"].is_string());
    assert!(active["configuration"]["argoCd"]["serverUrl"].is_string());
}

#[tokio::test]
async fn a_hook_that_fails_makes_the_capability_create_failed_with_its_error() {
    let hook: CapabilityHook =
        Arc::new(|_| async { anyhow::bail!("no disk for the controllers") }.boxed());
    let fixture = Fixture::start(EmulatorConfig { on_capability_active: Some(hook), ..config() });
    fixture.create_capability("kro", "KRO", &role("kro")).await;
    let failed = fixture.until("kro", "CREATE_FAILED").await;
    assert_eq!(failed["health"]["issues"][0]["message"], "no disk for the controllers");
}

#[tokio::test]
async fn a_slow_start_takes_its_ticks() {
    let fixture = Fixture::start(config());
    let slow = CapabilityFault::new(CapabilityOutcome::SlowStart(5));
    fixture.emulator.faults().add_capability(slow);
    let begun = std::time::Instant::now();
    fixture.create_capability("kro", "KRO", &role("kro")).await;
    fixture.until("kro", "ACTIVE").await;
    assert!(begun.elapsed() >= TICK * 7, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_failed_creation_can_be_deleted_and_tried_again_with_the_same_token() {
    let fixture = Fixture::start(config());
    let fails = CapabilityFault::new(CapabilityOutcome::CreateFails(issue("no trust"))).times(1);
    fixture.emulator.faults().add_capability(fails.of("kro"));
    let mut body = capability("kro", "KRO", &role("kro"));
    body["clientRequestToken"] = json!("once");

    let first = fixture.ok(Method::POST, CAPABILITIES, body.clone()).await;
    let failed = fixture.until("kro", "CREATE_FAILED").await;
    let expected = json!([{ "code": "AccessDenied", "message": "no trust" }]);
    assert_eq!(failed["health"]["issues"], expected);
    let again = fixture.ok(Method::POST, CAPABILITIES, body.clone()).await;
    assert_eq!(again, first, "a token that was used answers as before");

    fixture.ok(Method::DELETE, &format!("{CAPABILITIES}/kro"), Value::Null).await;
    fixture.until_gone("kro").await;
    let second = fixture.ok(Method::POST, CAPABILITIES, body).await;
    assert_ne!(second["capability"]["arn"], first["capability"]["arn"]);
    fixture.until("kro", "ACTIVE").await;
}

#[tokio::test]
async fn a_token_is_of_one_request_only() {
    let fixture = Fixture::start(config());
    let mut body = capability("kro", "KRO", &role("kro"));
    body["clientRequestToken"] = json!("once");
    fixture.ok(Method::POST, CAPABILITIES, body.clone()).await;
    body["roleArn"] = json!(role("other"));
    let (code, message) = fixture.refused(Method::POST, CAPABILITIES, body).await;
    assert_eq!(code, "InvalidParameterException");
    assert!(message.contains("clientRequestToken"), "{message}");
}

#[tokio::test]
async fn a_degraded_capability_can_be_updated_to_health() {
    let fixture = Fixture::start(config());
    let degraded = CapabilityOutcome::BecomesDegraded(issue("role is gone"));
    fixture.emulator.faults().add_capability(CapabilityFault::new(degraded));
    fixture.create_capability("kro", "KRO", &role("kro")).await;
    let capability = fixture.until("kro", "DEGRADED").await;
    assert_eq!(capability["health"]["issues"][0]["message"], "role is gone");
    assert!(capability["version"].is_string(), "it runs");

    let path = format!("{CAPABILITIES}/kro");
    let body = json!({ "roleArn": role("kro-2") });
    fixture.ok(Method::POST, &path, body).await;
    let active = fixture.until("kro", "ACTIVE").await;
    assert_eq!(active["health"]["issues"], json!([]));
    assert_eq!(active["roleArn"], role("kro-2"));
}

#[tokio::test]
async fn a_failed_update_changes_nothing_and_says_why() {
    let fixture = unhurried();
    fixture.create_capability("kro", "KRO", &role("kro")).await;
    let before = fixture.until("kro", "ACTIVE").await;
    let fails = CapabilityOutcome::UpdateFails {
        code: UpdateErrorCode::ClusterUnreachable,
        message: "no route".to_owned(),
    };
    fixture.emulator.faults().add_capability(CapabilityFault::new(fails));
    let body = json!({ "roleArn": role("kro-2") });
    let update = fixture.ok(Method::POST, &format!("{CAPABILITIES}/kro"), body).await;
    assert_eq!(fixture.capability("kro").await["status"], "UPDATING");
    assert_eq!(fixture.until("kro", "ACTIVE").await, before);

    let id = update["update"]["id"].as_str().unwrap();
    let path = format!("clusters/demo/updates/{id}?capabilityName=kro");
    let update = fixture.get(&path).await["update"].take();
    assert_eq!(update["status"], "Failed");
    assert_eq!(update["errors"][0]["errorCode"], "ClusterUnreachable");
    assert_eq!(update["errors"][0]["errorMessage"], "no route");
}

#[tokio::test]
async fn while_one_operation_runs_others_are_refused() {
    let fixture = unhurried();
    let path = format!("{CAPABILITIES}/kro");
    fixture.create_capability("kro", "KRO", &role("kro")).await;
    for (method, body) in
        [(Method::DELETE, json!({})), (Method::POST, json!({ "roleArn": role("x") }))]
    {
        let (code, message) = fixture.refused(method, &path, body).await;
        assert_eq!(code, "ResourceInUseException");
        assert!(message.contains("CREATING"), "{message}");
    }
    fixture.until("kro", "ACTIVE").await;
    fixture.ok(Method::DELETE, &path, Value::Null).await;
    let (code, _) = fixture.refused(Method::DELETE, &path, json!({})).await;
    assert_eq!(code, "ResourceInUseException", "a repeated delete, as after a lost response");
    fixture.until_gone("kro").await;
    let (code, _) = fixture.refused(Method::DELETE, &path, json!({})).await;
    assert_eq!(code, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_failed_deletion_leaves_the_capability_for_another_try() {
    let fixture = Fixture::start(config());
    let fails = CapabilityOutcome::DeleteFails(issue("busy"));
    fixture.emulator.faults().add_capability(CapabilityFault::new(fails).times(1));
    fixture.create_capability("kro", "KRO", &role("kro")).await;
    fixture.until("kro", "ACTIVE").await;
    let path = format!("{CAPABILITIES}/kro");
    fixture.ok(Method::DELETE, &path, Value::Null).await;
    let failed = fixture.until("kro", "DELETE_FAILED").await;
    assert_eq!(failed["health"]["issues"][0]["message"], "busy");
    fixture.ok(Method::DELETE, &path, Value::Null).await;
    fixture.until_gone("kro").await;
}

#[tokio::test]
async fn deletion_tells_its_hook_and_leaves_the_access_entry() {
    let fixture = Fixture::start(config());
    let (hook, events) = noting();
    fixture.emulator.on_capability_deleted(hook);
    fixture.create_capability("kro", "KRO", &role("kro")).await;
    fixture.until("kro", "ACTIVE").await;
    assert!(lock(&events).is_empty());
    fixture.ok(Method::DELETE, &format!("{CAPABILITIES}/kro"), Value::Null).await;
    fixture.until_gone("kro").await;
    assert_eq!(lock(&events)[0].kind, CapabilityKind::Kro);
    let entries = fixture.get("clusters/demo/access-entries").await;
    assert_eq!(entries["accessEntries"], json!([role("kro")]));
}

#[tokio::test]
async fn by_setting_deletion_takes_the_entry_that_eks_made_and_no_other() {
    let fixture = Fixture::start(config());
    fixture
        .emulator
        .set_settings(Settings { keep_capability_access_entry: false, ..Settings::default() });
    fixture.create_entry(json!({ "principalArn": role("ack") })).await;
    for (name, kind) in [("kro", "KRO"), ("ack", "ACK")] {
        fixture.create_capability(name, kind, &role(name)).await;
        fixture.until(name, "ACTIVE").await;
        fixture.ok(Method::DELETE, &format!("{CAPABILITIES}/{name}"), Value::Null).await;
        fixture.until_gone(name).await;
    }
    let entries = fixture.get("clusters/demo/access-entries").await;
    assert_eq!(entries["accessEntries"], json!([role("ack")]));
}

#[tokio::test]
async fn an_entry_made_beforehand_keeps_its_groups_and_gets_the_policies() {
    let fixture = Fixture::start(config());
    let groups = json!(["platform"]);
    let entry = json!({ "principalArn": role("argocd"), "kubernetesGroups": groups });
    let made = fixture.create_entry(entry).await;
    fixture.create_capability("argocd", "ARGOCD", &role("argocd")).await;
    fixture.until("argocd", "ACTIVE").await;

    let path = format!("clusters/demo/access-entries/{}", encode(&role("argocd")));
    assert_eq!(fixture.get(&path).await["accessEntry"], made);
    let policies = fixture.get(&format!("{path}/access-policies")).await;
    let policies = policies["associatedAccessPolicies"].as_array().unwrap().clone();
    let scopes: Vec<&Value> = policies.iter().map(|policy| &policy["accessScope"]).collect();
    let expected = [
        json!({ "type": "cluster", "namespaces": [] }),
        json!({ "type": "namespace", "namespaces": ["argocd"] }),
    ];
    assert_eq!(scopes, expected.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn there_is_one_capability_of_a_kind_and_one_of_a_name() {
    let fixture = Fixture::start(config());
    fixture.create_capability("one", "KRO", &role("kro")).await;
    for (name, kind) in [("one", "ACK"), ("two", "KRO")] {
        let body = capability(name, kind, &role("kro"));
        let (code, _) = fixture.refused(Method::POST, CAPABILITIES, body).await;
        assert_eq!(code, "ResourceInUseException", "{name} {kind}");
    }
    fixture.create_capability("two", "ACK", &role("kro")).await;
}

#[tokio::test]
async fn the_role_is_checked_when_the_capability_is_asked_for() {
    let iam = FakeIam::default();
    let fixture = Fixture::start(EmulatorConfig { iam_url: Some(iam.serve().await), ..config() });
    iam.add_role("pods", "AROAPODS", &trust("pods.eks.amazonaws.com"));
    iam.add_role("team/kro", "AROAKRO", &trust(SERVICE));
    // Missing, of another service, and without its path: one text for all.
    for name in ["missing", "pods", "kro"] {
        let body = capability("kro", "KRO", &role(name));
        let (code, message) = fixture.refused(Method::POST, CAPABILITIES, body).await;
        assert_eq!(code, "InvalidParameterException");
        let text = "The trust policy for the provided role is invalid. The policy must include \
                    sts:AssumeRole and sts:TagSession actions granting access to the AWS service \
                    capabilities.eks.amazonaws.com";
        assert_eq!(message, text, "{name}");
    }
    assert_eq!(fixture.emulator.state_json()["clusters"]["demo"]["capabilities"], json!([]));
    fixture.create_capability("kro", "KRO", &role("team/kro")).await;
    fixture.until("kro", "ACTIVE").await;
}

#[tokio::test]
async fn a_new_role_is_invisible_until_it_has_propagated() {
    let iam = FakeIam::default();
    let fixture = Fixture::start(EmulatorConfig { iam_url: Some(iam.serve().await), ..config() });
    let propagation = std::time::Duration::from_mins(1);
    fixture.emulator.faults().set_role_propagation(propagation);
    iam.add_role_of_age("kro", "AROAKRO", &trust(SERVICE), propagation / 2);
    let body = capability("kro", "KRO", &role("kro"));
    let (_, message) = fixture.refused(Method::POST, CAPABILITIES, body).await;
    assert!(message.starts_with("The trust policy for the provided role is invalid"), "{message}");

    iam.add_role_of_age("kro", "AROAKRO", &trust(SERVICE), propagation * 2);
    fixture.create_capability("kro", "KRO", &role("kro")).await;
}

#[tokio::test]
async fn a_backend_that_fails_is_a_server_error_and_not_a_missing_role() {
    let nowhere = url::Url::parse("http://127.0.0.1:1/").unwrap();
    let fixture = Fixture::start(EmulatorConfig { iam_url: Some(nowhere), ..config() });
    let body = capability("kro", "KRO", &role("kro"));
    let (code, message) = fixture.refused(Method::POST, CAPABILITIES, body).await;
    assert_eq!(code, "ServerException");
    assert!(message.contains("IAM backend"), "{message}");
}

#[tokio::test]
async fn a_role_of_another_account_cannot_be_passed() {
    let fixture = Fixture::start(config());
    let foreign = role("kro").replace(ACCOUNT, "999999999999");
    let body = capability("kro", "KRO", &foreign);
    let (code, message) = fixture.refused(Method::POST, CAPABILITIES, body).await;
    assert_eq!(code, "AccessDeniedException");
    assert_eq!(message, "Cross-account pass role is not allowed.");
}

#[tokio::test]
async fn tests_can_put_a_capability_into_any_state() {
    let fixture = Fixture::start(config());
    let emulator: &Emulator = &fixture.emulator;
    fixture.create_capability("kro", "KRO", &role("kro")).await;
    fixture.until("kro", "ACTIVE").await;
    let issues = vec![issue("gone")];
    emulator.set_capability_status("demo", "kro", CapabilityStatus::Degraded, issues).unwrap();
    assert_eq!(fixture.capability("kro").await["health"]["issues"][0]["message"], "gone");
    let missing = emulator.set_capability_status("demo", "x", CapabilityStatus::Active, Vec::new());
    assert!(missing.unwrap_err().to_string().contains('x'));
    assert_eq!(emulator.call_count(Operation::UpdateCapability), 0);
}
