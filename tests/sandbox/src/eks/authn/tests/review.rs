//! Who a token's bearer is.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Forge;
use crate::eks::{
    AccessKey, AuthenticationMode, ENTRY_KEY, EmulatorConfig, Settings,
    testing::{ACCOUNT, FakeIam, Fixture, REGION, cluster, config, role, trust},
};

fn session(role: &str, session: &str) -> String {
    format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{session}")
}

fn key(arn: &str) -> AccessKey {
    AccessKey {
        access_key_id: "AKIAKNOWN".to_owned(),
        secret_access_key: "secret".to_owned(),
        session_token: None,
        arn: arn.to_owned(),
        user_id: None,
    }
}

fn forge(access_key_id: &str) -> Forge {
    Forge::new(access_key_id, REGION, Timestamp::now())
}

async fn review(fixture: &Fixture, token: &str) -> Value {
    let url = fixture.emulator.authn_webhook_url();
    let request = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": { "token": token },
    });
    let mut answer = fixture.post(&url, &request).await;
    assert_eq!(answer["apiVersion"], "authentication.k8s.io/v1");
    assert_eq!(answer["kind"], "TokenReview");
    answer["status"].take()
}

/// The user that the known key's token makes.
async fn user(fixture: &Fixture) -> Value {
    let mut status = review(fixture, &forge("AKIAKNOWN").token()).await;
    assert_eq!(status["authenticated"], true, "{status}");
    status["user"].take()
}

async fn refusal(fixture: &Fixture, token: &str) -> String {
    let status = review(fixture, token).await;
    assert_eq!(status["authenticated"], false, "{status}");
    assert!(status.get("user").is_none());
    status["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_role_session_becomes_the_user_of_the_roles_entry() {
    let fixture = Fixture::start(config());
    fixture.emulator.add_access_key(key(&session("deployer", "ann@example.org")));
    let body = json!({ "principalArn": role("team/deployer"), "kubernetesGroups": ["deployers"] });
    let entry = fixture.create_entry(body).await;
    let user = user(&fixture).await;
    // The path is not in the session's ARN; the @ is not left in the name.
    assert_eq!(user["username"], session("deployer", "ann-example.org"));
    assert_eq!(user["groups"], json!(["deployers"]));
    assert_eq!(user["extra"][ENTRY_KEY], json!([entry["accessEntryArn"]]));
    assert_eq!(user["extra"]["canonicalArn"], json!([role("deployer")]));
    assert_eq!(user["extra"]["sessionName"], json!(["ann@example.org"]));
    assert_eq!(user["extra"]["accessKeyId"], json!(["AKIAKNOWN"]));
}

#[tokio::test]
async fn a_username_of_ones_own_is_filled_in() {
    let fixture = Fixture::start(config());
    fixture.emulator.add_access_key(key(&session("ci", "run@7")));
    let username = "ci:{{AccountID}}:{{SessionName}}:{{SessionNameRaw}}";
    fixture.create_entry(json!({ "principalArn": role("ci"), "username": username })).await;
    let user = user(&fixture).await;
    assert_eq!(user["username"], format!("ci:{ACCOUNT}:run-7:run@7"));
}

#[tokio::test]
async fn an_iam_user_is_known_by_the_whole_arn() {
    let fixture = Fixture::start(config());
    let ann = format!("arn:aws:iam::{ACCOUNT}:user/people/ann");
    fixture.emulator.add_access_key(key(&ann));
    let other = format!("arn:aws:iam::{ACCOUNT}:user/ann");
    fixture.create_entry(json!({ "principalArn": other })).await;
    let error = refusal(&fixture, &forge("AKIAKNOWN").token()).await;
    assert!(error.contains("no access entry for"), "{error}");
    fixture.create_entry(json!({ "principalArn": ann })).await;
    assert_eq!(user(&fixture).await["username"], ann);
}

#[tokio::test]
async fn a_node_gets_the_groups_of_nodes() {
    let fixture = Fixture::start(config());
    fixture.emulator.add_access_key(key(&session("node", "i-0123")));
    let body = json!({ "principalArn": role("node"), "type": "HYBRID_LINUX" });
    fixture.create_entry(body).await;
    let user = user(&fixture).await;
    assert_eq!(user["username"], "system:node:i-0123");
    assert_eq!(user["groups"], json!(["system:bootstrappers", "system:nodes"]));
}

#[tokio::test]
async fn principals_of_other_names_kinds_and_accounts_are_not_let_in() {
    let fixture = Fixture::start(config());
    fixture.create_entry(json!({ "principalArn": role("ops") })).await;
    for arn in [
        session("ops-2", "x"),
        session("ops", "x").replace(ACCOUNT, "999999999999"),
        format!("arn:aws:iam::{ACCOUNT}:user/ops"),
    ] {
        fixture.emulator.add_access_key(key(&arn));
        let error = refusal(&fixture, &forge("AKIAKNOWN").token()).await;
        assert!(error.contains("no access entry for"), "{arn}: {error}");
    }
    for arn in [
        format!("arn:aws:iam::{ACCOUNT}:root"),
        format!("arn:aws:sts::{ACCOUNT}:federated-user/ops"),
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/ops"),
    ] {
        fixture.emulator.add_access_key(key(&arn));
        let error = refusal(&fixture, &forge("AKIAKNOWN").token()).await;
        assert!(error.contains("no role session and no IAM user"), "{arn}: {error}");
    }
}

#[tokio::test]
async fn a_token_is_for_one_cluster() {
    let fixture = Fixture::start(config());
    fixture.emulator.add_cluster(cluster("other"));
    fixture.emulator.add_access_key(key(&session("ops", "x")));
    fixture.create_entry(json!({ "principalArn": role("ops") })).await;
    let mut forge = forge("AKIAKNOWN");
    forge.cluster = "other";
    let error = refusal(&fixture, &forge.token()).await;
    assert_eq!(error, "the signature does not match for cluster demo");

    // At the other cluster's own webhook the signature is right, and there is no entry.
    let url = fixture.emulator.authn_webhook_url_for("other");
    let answer = fixture.post(&url, &json!({ "spec": { "token": forge.token() } })).await;
    let error = answer["status"]["error"].as_str().unwrap();
    assert!(error.starts_with("cluster other has no access entry"), "{error}");
}

#[tokio::test]
async fn secret_and_session_token_must_be_the_keys_own() {
    let fixture = Fixture::start(config());
    let mut temporary = key(&session("ops", "x"));
    temporary.session_token = Some("session".to_owned());
    fixture.emulator.add_access_key(temporary);
    fixture.create_entry(json!({ "principalArn": role("ops") })).await;

    let right = forge("AKIAKNOWN").with("X-Amz-Security-Token", "session");
    assert_eq!(review(&fixture, &right.token()).await["authenticated"], true);
    let mut wrong = right.clone();
    wrong.secret = "guess";
    assert!(refusal(&fixture, &wrong.token()).await.contains("signature does not match"));
    for token in [forge("AKIAKNOWN"), right.with("X-Amz-Security-Token", "stale")] {
        assert!(refusal(&fixture, &token.token()).await.contains("session token"));
    }
    let unknown = refusal(&fixture, &forge("AKIAOTHER").token()).await;
    assert_eq!(unknown, "access key AKIAOTHER is not known");
}

#[tokio::test]
async fn an_entry_of_a_role_that_was_made_again_is_dead() {
    let iam = FakeIam::default();
    let fixture = Fixture::start(EmulatorConfig { iam_url: Some(iam.serve().await), ..config() });
    iam.add_role("ops", "AROAFIRST", &trust("ec2.amazonaws.com"));
    iam.add_caller("ASIAFIRST", &session("ops", "x"), "AROAFIRST:x");
    iam.add_caller("ASIASECOND", &session("ops", "x"), "AROASECOND:x");
    fixture.create_entry(json!({ "principalArn": role("ops") })).await;
    let status = review(&fixture, &forge("ASIAFIRST").token()).await;
    assert_eq!(status["user"]["username"], session("ops", "x"), "{status}");
    let uid = format!("aws-iam-authenticator:{ACCOUNT}:AROAFIRST");
    assert_eq!(status["user"]["uid"], uid);
    let error = refusal(&fixture, &forge("ASIASECOND").token()).await;
    assert!(error.contains("earlier principal of that name"), "{error}");
    let stranger = refusal(&fixture, &forge("ASIASTRANGER").token()).await;
    assert!(stranger.contains("InvalidClientTokenId"), "{stranger}");
}

#[tokio::test]
async fn a_new_entry_takes_its_time_to_let_in() {
    let fixture = Fixture::start(config());
    fixture.emulator.add_access_key(key(&session("ops", "x")));
    fixture.create_entry(json!({ "principalArn": role("ops") })).await;
    let delay = Duration::from_mins(1);
    fixture.emulator.faults().set_access_propagation(delay);
    let error = refusal(&fixture, &forge("AKIAKNOWN").token()).await;
    assert!(error.contains("has not propagated"), "{error}");
    fixture.emulator.faults().set_access_propagation(Duration::ZERO);
    user(&fixture).await;
}

#[tokio::test]
async fn the_age_of_tokens_can_be_limited_for_tests() {
    let fixture = Fixture::start(config());
    fixture.emulator.add_access_key(key(&session("ops", "x")));
    fixture.create_entry(json!({ "principalArn": role("ops") })).await;
    let old = Timestamp::now() - SignedDuration::from_secs(10);
    let old = Forge::new("AKIAKNOWN", REGION, old).token();
    assert_eq!(review(&fixture, &old).await["authenticated"], true);
    fixture.emulator.set_settings(Settings { token_max_age_seconds: 5, ..Settings::default() });
    assert!(refusal(&fixture, &old).await.contains("has expired"));
    user(&fixture).await;
}

#[tokio::test]
async fn without_entries_or_clusters_nobody_is_let_in() {
    let fixture = Fixture::start(config());
    fixture.emulator.add_access_key(key(&session("ops", "x")));
    fixture.create_entry(json!({ "principalArn": role("ops") })).await;
    let mode = AuthenticationMode::ConfigMap;
    fixture.emulator.set_authentication_mode("demo", mode).unwrap();
    let error = refusal(&fixture, &forge("AKIAKNOWN").token()).await;
    assert!(error.contains("authentication mode"), "{error}");

    let empty = Fixture::start(EmulatorConfig::default());
    let error = refusal(&empty, &forge("AKIAKNOWN").token()).await;
    assert_eq!(error, "the emulator has no cluster");
}
