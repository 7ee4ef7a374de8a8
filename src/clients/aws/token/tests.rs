use std::collections::{BTreeMap, BTreeSet};

use secrecy::ExposeSecret;
use serde::Deserialize;

use super::*;
use crate::clients::aws::Settings;
use crate::clients::aws::testing::{Answer, Fake, ROLE};
use crate::framework::Clock;

/// A URL as botocore 1.44.5 presigns it for `aws eks get-token`.
#[derive(Deserialize)]
struct Vector {
    name: String,
    region: String,
    cluster: String,
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
    fips: bool,
    url: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

/// When the vectors were made: 2026-03-14T15:09:26Z.
fn then() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_773_500_966)
}

fn decoded(token: &SecretString) -> url::Url {
    let text = token.expose_secret().strip_prefix("k8s-aws-v1.").expect("the prefix");
    let url = BASE64_URL_SAFE_NO_PAD.decode(text).expect("unpadded base64url");
    url::Url::parse(std::str::from_utf8(&url).unwrap()).unwrap()
}

fn query(url: &url::Url) -> BTreeMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// What aws-iam-authenticator checks before it sends the request on.
fn accepted(token: &SecretString) {
    assert!(token.expose_secret().len() <= 4096);
    let url = decoded(token);
    assert_eq!((url.scheme(), url.path()), ("https", "/"));
    let host = url.host_str().unwrap();
    assert!(host.starts_with("sts.") || host.starts_with("sts-fips."), "{host}");
    let known: BTreeSet<_> = [
        "action",
        "version",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-signedheaders",
    ]
    .map(str::to_owned)
    .into();
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name.to_lowercase()).collect();
    let unique: BTreeSet<_> = names.iter().cloned().collect();
    assert_eq!(unique.len(), names.len(), "a parameter comes twice");
    assert!(unique.is_subset(&known), "{unique:?}");
    let query = query(&url);
    assert_eq!(query["Action"], "GetCallerIdentity");
    assert_eq!(query["X-Amz-SignedHeaders"], "host;x-k8s-aws-id");
    assert!((0..=900).contains(&query["X-Amz-Expires"].parse::<i32>().unwrap()));
}

#[test]
fn tokens_are_signed_as_botocore_signs_them() {
    for vector in vectors() {
        let Vector { name, region, cluster, fips, .. } = &vector;
        let credentials = Credentials::new(
            &vector.access_key,
            &vector.secret_key,
            vector.session_token.clone(),
            None,
            "test",
        );
        let token = mint(&credentials, cluster, region, *fips, then()).unwrap();
        accepted(&token);
        let (ours, theirs) = (decoded(&token), url::Url::parse(&vector.url).unwrap());
        assert_eq!(ours.host_str(), theirs.host_str(), "{name}");
        assert_eq!(query(&ours), query(&theirs), "{name}");
    }
}

#[test]
fn a_token_that_the_cluster_would_not_read_is_refused() {
    let mint = |length: usize| {
        let session = Some("x".repeat(length));
        let credentials = Credentials::new("AKID", "secret", session, None, "test");
        super::mint(&credentials, "main", "eu-west-1", false, then())
    };
    accepted(&mint(2000).unwrap());
    let error = mint(3000).unwrap_err();
    assert!(error.is_invalid());
    let message = error.message();
    assert!(message.contains("the cluster reads 4096 at most"), "{message}");
    assert!(message.contains("session token of the AWS credentials alone has 3000"), "{message}");
    assert!(error.detail().contains("session tags"));
}

#[test]
fn a_name_that_cannot_be_sent_is_refused() {
    let credentials = Credentials::new("AKID", "secret", None, None, "test");
    let error = mint(&credentials, "a\nb", "eu-west-1", false, then()).unwrap_err();
    assert!(error.message().starts_with(r#"cluster "a\nb" cannot be signed"#), "{error}");
}

fn source(settings: Settings, role_arn: Option<&str>) -> (TokenSource, Clock) {
    let clock = Clock::manual(then());
    let clients = Clients::with_clock(settings, clock.clone()).unwrap();
    (TokenSource::new(clients, "main", None, role_arn.map(str::to_owned)), clock)
}

async fn signature(source: &TokenSource) -> String {
    let token = source.token().await.unwrap();
    query(&decoded(&token.secret)).remove("X-Amz-Signature").unwrap()
}

#[tokio::test]
async fn a_token_is_kept_for_twelve_minutes_and_then_made_anew() {
    let fake = Fake::start(|_, _| Answer::nothing_listed()).await;
    let (source, clock) = source(fake.settings(), None);
    let first = signature(&source).await;
    assert_eq!(source.token().await.unwrap().expires_at, then() + LIFETIME);
    clock.advance(Duration::from_mins(12));
    assert_eq!(signature(&source).await, first);
    clock.advance(Duration::from_mins(1));
    assert_ne!(signature(&source).await, first);
    assert!(fake.calls().is_empty(), "tokens are made without any call");
}

#[tokio::test]
async fn a_refused_token_is_not_used_again() {
    let fake = Fake::start(|_, _| Answer::nothing_listed()).await;
    let (source, clock) = source(fake.settings(), None);
    let first = signature(&source).await;
    clock.advance(Duration::from_secs(1));
    assert_eq!(signature(&source).await, first);
    source.invalidate();
    assert_ne!(signature(&source).await, first);
}

#[tokio::test]
async fn a_token_names_the_public_host_whatever_the_endpoint() {
    let fake = Fake::start(|_, _| Answer::nothing_listed()).await;
    let (source, _) = source(fake.settings(), None);
    let token = source.token().await.unwrap();
    assert_eq!(decoded(&token.secret).host_str(), Some("sts.eu-west-1.amazonaws.com"));
    let settings = Settings { use_fips_endpoint: Some(true), ..fake.settings() };
    let (source, _) = self::source(settings, None);
    let token = source.token().await.unwrap();
    assert_eq!(decoded(&token.secret).host_str(), Some("sts-fips.eu-west-1.amazonaws.com"));
}

#[tokio::test]
async fn a_token_of_a_role_ends_with_the_session_and_names_its_key() {
    let token = async |session_ends: &'static str| {
        let fake = Fake::start(move |_, _| {
            let mut session = Answer::session("AssumeRole", "ASIAROLE");
            session.replace("2100-01-01T00:00:00Z", session_ends);
            session.header("date", "Sat, 14 Mar 2026 15:09:26 GMT")
        })
        .await;
        let (source, _) = source(fake.settings(), Some(ROLE));
        assert_eq!(source.describe(), ROLE);
        source.token().await.unwrap()
    };
    assert_eq!(token("2026-03-14T16:09:26Z").await.expires_at, then() + LIFETIME);
    let token = token("2026-03-14T15:19:26Z").await;
    assert_eq!(token.expires_at, then() + Duration::from_mins(10));
    let query = query(&decoded(&token.secret));
    assert!(query["X-Amz-Credential"].starts_with("ASIAROLE/20260314/eu-west-1/sts/"));
    assert_eq!(query["X-Amz-Security-Token"], "token-of-ASIAROLE");
}

#[tokio::test]
async fn a_token_is_dated_by_the_clock_of_aws() {
    let fake = Fake::start(|_, _| {
        Answer::caller("123456789012", "arn:aws:iam::123456789012:user/me")
            .header("date", "Sat, 14 Mar 2026 15:39:26 GMT")
    })
    .await;
    let (source, _) = source(fake.settings(), None);
    assert_eq!(source.describe(), "the AWS credentials of the provider");
    source.clients.caller().await.unwrap();
    let token = source.token().await.unwrap();
    assert_eq!(query(&decoded(&token.secret))["X-Amz-Date"], "20260314T153926Z");
    assert_eq!(token.expires_at, then() + LIFETIME, "counted on our own clock");
    assert_eq!(source.describe(), "arn:aws:iam::123456789012:user/me");
}

#[tokio::test]
async fn debug_output_of_a_token_does_not_show_it() {
    let fake = Fake::start(|_, _| Answer::nothing_listed()).await;
    let (source, _) = source(fake.settings(), None);
    let token = source.token().await.unwrap();
    let text = format!("{token:?} {source:?}");
    assert!(!text.contains(token.secret.expose_secret()) && !text.contains("k8s-aws-v1"));
}
