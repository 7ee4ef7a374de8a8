//! Clients against a stand-in for AWS: who is asked, by whom, how often.

use std::time::Duration;

use tokio::net::TcpListener;

use super::testing::{Answer, Fake, OTHER_ROLE, ROLE, Seen};
use super::*;

mod connection;
mod credentials;
mod environment;
mod places;
mod secrets;

/// Answers sessions by the role that is assumed, and everything else emptily.
fn aws(seen: &Seen, _: usize) -> Answer {
    match (seen.action(), seen.form.get("RoleArn").map(String::as_str)) {
        (action @ ("AssumeRole" | "AssumeRoleWithWebIdentity"), Some(ROLE)) => {
            Answer::session(action, "ASIAROLE")
        }
        (action @ ("AssumeRole" | "AssumeRoleWithWebIdentity"), Some(_)) => {
            Answer::session(action, "ASIAOTHER")
        }
        ("GetCallerIdentity", _) => {
            Answer::caller("123456789012", "arn:aws-cn:iam::123456789012:user/me")
        }
        _ => Answer::nothing_listed(),
    }
}

async fn list(clients: &Clients, region: Option<&str>, role: Option<&str>) -> Result<()> {
    let eks = clients.eks(region, role).await?;
    eks.list_clusters().send().await.operation("ListClusters").map(|_| ())
}

#[tokio::test]
async fn making_clients_reads_nothing_and_calls_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut settings = Fake::start(aws).await.settings();
    settings.endpoints.eks = Some(url.clone());
    settings.endpoints.sts = Some(url.clone());
    settings.https_proxy = Some(url.clone().into());
    settings.ec2_metadata_service_endpoint = Some(url);
    settings.custom_ca_bundle = Some("/nowhere/ca.pem".into());
    settings.shared_config_files = vec!["/nowhere/config".into()];
    settings.allowed_account_ids = ["123456789012".to_owned()].into();
    let clients = Clients::new(settings).unwrap();
    let called = tokio::time::timeout(Duration::from_millis(100), listener.accept()).await;
    assert!(called.is_err(), "somebody was called");
    drop(clients);
}

#[test]
fn settings_that_break_a_rule_make_no_clients() {
    let error = Clients::new(Settings { max_retries: Some(0), ..Settings::default() }).unwrap_err();
    assert_eq!(error.path().unwrap().to_string(), "max_retries");
}

#[tokio::test]
async fn calls_go_to_the_configured_region_or_the_one_that_is_named() {
    let fake = Fake::start(aws).await;
    let clients = Clients::new(fake.settings()).unwrap();
    list(&clients, None, None).await.unwrap();
    list(&clients, Some("us-east-2"), None).await.unwrap();
    let regions: Vec<_> = fake.seen().iter().map(|seen| seen.region().to_owned()).collect();
    assert_eq!(regions, ["eu-west-1", "us-east-2"]);
    assert_eq!(clients.region().await.unwrap(), "eu-west-1");
    let error = list(&clients, Some("us-east-2.evil.com"), None).await.unwrap_err();
    assert_eq!(error.path().unwrap().to_string(), "region");
}

#[tokio::test]
async fn a_role_is_assumed_once_for_all_regions_and_all_services() {
    let fake = Fake::start(aws).await;
    let clients = Clients::new(fake.settings()).unwrap();
    let calls = ["eu-west-1", "us-east-2", "eu-west-1"]
        .map(|region| list(&clients, Some(region), Some(OTHER_ROLE)));
    futures::future::try_join_all(calls).await.unwrap();
    clients.iam(None, Some(OTHER_ROLE)).await.unwrap();
    let seen = fake.seen();
    let assumed: Vec<_> = seen.iter().filter(|it| it.action() == "AssumeRole").collect();
    assert_eq!(assumed.len(), 1, "{:?}", fake.calls());
    assert_eq!(assumed[0].key(), "AKIDBASE");
    assert_eq!(assumed[0].form["RoleSessionName"], "terraform-provider-gitops");
    let others = seen.iter().filter(|it| it.action() != "AssumeRole");
    assert!(others.map(Seen::key).all(|key| key == "ASIAOTHER"));
}

#[tokio::test]
async fn a_role_that_is_no_role_is_refused_before_any_call() {
    let fake = Fake::start(aws).await;
    let clients = Clients::new(fake.settings()).unwrap();
    let error = list(&clients, None, Some("deployer")).await.unwrap_err();
    assert_eq!(error.path().unwrap().to_string(), "role_arn");
    assert!(fake.calls().is_empty());
}

#[tokio::test]
async fn the_caller_is_asked_once() {
    let fake = Fake::start(aws).await;
    let clients = Clients::new(fake.settings()).unwrap();
    let (one, two) = tokio::join!(clients.caller(), clients.caller());
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(
        *clients.caller().await.unwrap(),
        Caller {
            account_id: "123456789012".into(),
            arn: "arn:aws-cn:iam::123456789012:user/me".into(),
            partition: "aws-cn".into(),
        }
    );
    assert_eq!(fake.calls(), ["GetCallerIdentity"]);
}

#[tokio::test]
async fn the_wrong_account_is_refused_before_the_first_call() {
    let fake = Fake::start(aws).await;
    let allowed = ["111111111111".to_owned(), "222222222222".to_owned()].into();
    let clients =
        Clients::new(Settings { allowed_account_ids: allowed, ..fake.settings() }).unwrap();
    let error = list(&clients, None, None).await.unwrap_err();
    assert!(error.is_forbidden());
    assert_eq!(
        error.message(),
        "AWS account 123456789012 is not one of allowed_account_ids (111111111111, 222222222222); \
         the calls would be made as arn:aws-cn:iam::123456789012:user/me"
    );
    assert_eq!(error.path().unwrap().to_string(), "allowed_account_ids");
    list(&clients, None, None).await.unwrap_err();
    assert_eq!(fake.calls(), ["GetCallerIdentity"], "asked once, and nothing else called");
}

#[tokio::test]
async fn a_forbidden_account_is_refused_for_the_role_of_a_resource_too() {
    let fake = Fake::start(aws).await;
    let forbidden_account_ids = ["210987654321".to_owned()].into();
    let clients = Clients::new(Settings { forbidden_account_ids, ..fake.settings() }).unwrap();
    list(&clients, None, None).await.unwrap();
    let error = list(&clients, None, Some(OTHER_ROLE)).await.unwrap_err();
    assert!(
        error.message().starts_with("AWS account 210987654321 is one of forbidden_account_ids")
    );
    assert!(!fake.calls().contains(&"AssumeRole".to_owned()));
}

#[tokio::test]
async fn without_account_lists_nobody_asks_who_we_are() {
    let fake = Fake::start(aws).await;
    list(&Clients::new(fake.settings()).unwrap(), None, None).await.unwrap();
    assert_eq!(fake.calls(), ["/clusters"]);
}

#[tokio::test]
async fn the_user_agent_names_the_provider_and_ends_as_it_is_told() {
    let fake = Fake::start(aws).await;
    let user_agent = Some("pipeline/7 (nightly)".to_owned());
    let clients = Clients::new(Settings { user_agent, ..fake.settings() }).unwrap();
    list(&clients, None, None).await.unwrap();
    let agent = fake.seen()[0].headers["user-agent"].clone();
    assert!(agent.contains("terraform-provider-gitops"), "{agent}");
    assert!(agent.ends_with(" pipeline/7 (nightly)"), "{agent}");
}

#[tokio::test]
async fn debug_output_of_clients_holds_no_secret() {
    let fake = Fake::start(aws).await;
    let settings = Settings { secret_key: Some("hunter2".into()), ..fake.settings() };
    let clients = Clients::new(settings).unwrap();
    list(&clients, None, Some(ROLE)).await.unwrap();
    assert!(!format!("{clients:?}").contains("hunter2"));
}
