//! Attempts, proxies, certificates.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

#[tokio::test]
async fn failures_that_pass_are_tried_again_and_throttling_without_a_code_too() {
    let fake = Fake::start(|_, nth| match nth {
        0 => Answer::json_error(503, "ServiceUnavailableException", "busy"),
        1 => Answer::json_error(429, "ThrottlingException", "slow down"),
        2 => Answer::foreign(429, "slow down"),
        3 => Answer::foreign(502, "<html>bad gateway</html>"),
        _ => Answer::nothing_listed(),
    })
    .await;
    list(&Clients::new(fake.settings()).unwrap(), None, None).await.unwrap();
    assert_eq!(fake.calls().len(), 5);
}

#[tokio::test]
async fn adaptive_retries_and_fips_beside_a_given_endpoint_work() {
    let fake = Fake::start(|_, nth| match nth {
        // Not throttled: the rate limit that would follow takes seconds to recover.
        0 => Answer::json_error(503, "ServiceUnavailableException", "busy"),
        _ => Answer::nothing_listed(),
    })
    .await;
    let settings = Settings {
        retry_mode: RetryMode::Adaptive,
        use_fips_endpoint: Some(true),
        use_dualstack_endpoint: Some(true),
        ..fake.settings()
    };
    list(&Clients::new(settings).unwrap(), None, None).await.unwrap();
    assert_eq!(fake.calls().len(), 2);
}

#[tokio::test]
async fn attempts_end_where_the_settings_say() {
    let fake = Fake::start(|_, _| Answer::json_error(500, "ServerException", "broken")).await;
    let clients = Clients::new(Settings { max_retries: Some(3), ..fake.settings() }).unwrap();
    let error = list(&clients, None, None).await.unwrap_err();
    assert_eq!(fake.calls().len(), 3);
    assert!(error.is_transient());
    let host = fake.url.trim_start_matches("http://");
    assert_eq!(error.message(), format!("broken (from {host})"));
}

/// Three hundred retries; the SDK alone ends them all after a hundred.
#[tokio::test]
async fn many_calls_at_once_are_each_tried_as_often_as_the_settings_say() {
    let fake = Fake::start(|_, nth| match nth {
        0..300 => Answer::json_error(429, "ThrottlingException", "slow down"),
        _ => Answer::nothing_listed(),
    })
    .await;
    let clients = Clients::new(fake.settings()).unwrap();
    let calls = (0..30).map(|_| list(&clients, None, None));
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!(fake.calls().len(), 330);
}

#[tokio::test]
async fn a_quota_is_not_taken_for_throttling() {
    let fake =
        Fake::start(|_, _| Answer::json_error(400, "LimitExceededException", "enough")).await;
    let error = list(&Clients::new(fake.settings()).unwrap(), None, None).await.unwrap_err();
    assert_eq!(fake.calls().len(), 1);
    assert!(!error.is_transient());
    assert!(error.detail().contains("quota"));
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_given_up_soon_and_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap().to_string();
    drop(listener);
    let mut settings = Fake::start(aws).await.settings();
    settings.endpoints.eks = Some(format!("http://{host}"));
    let error = list(&Clients::new(settings).unwrap(), None, None).await.unwrap_err();
    assert!(error.is_transient());
    let start = format!("no answer from {host} in 5 attempts: ");
    assert!(error.message().starts_with(&start), "{error}");
    assert!(error.message().contains("refused"), "{error}");
    assert!(error.detail().contains("https_proxy"));
}

#[tokio::test]
async fn an_answer_that_is_not_from_aws_is_not_an_absent_object() {
    let fake = Fake::start(|_, _| Answer::foreign(404, "<html>no such page</html>")).await;
    let clients = Clients::new(fake.settings()).unwrap();
    let eks = clients.eks(None, None).await.unwrap();
    let answer = eks.describe_cluster().name("main").send().await.operation("DescribeCluster");
    let error = answer.unwrap_err();
    assert!(!error.is_not_found());
    let host = fake.url.trim_start_matches("http://");
    let expected = format!("{host} answered HTTP 404 without an AWS error");
    assert!(error.message().starts_with(&expected), "{error}");
    assert!(error.detail().contains("endpoints of the provider block"));
}

#[tokio::test]
async fn a_good_answer_that_is_none_is_a_failure_that_may_pass() {
    let fake = Fake::start(|_, _| Answer::foreign(200, "<html>Please log in</html>")).await;
    let clients = Clients::new(Settings { max_retries: Some(2), ..fake.settings() }).unwrap();
    let error = list(&clients, None, None).await.unwrap_err();
    assert!(error.is_transient());
    assert!(error.message().contains("answered HTTP 200 without an answer of AWS"), "{error}");
}

#[tokio::test]
async fn plain_requests_go_through_their_proxy_and_around_it_where_they_shall() {
    let (proxy, direct) = tokio::join!(Fake::start(aws), Fake::start(aws));
    let mut settings = direct.settings();
    settings.http_proxy = Some(proxy.url.clone().into());
    settings.https_proxy = Some("http://127.0.0.1:9".into());
    settings.endpoints.eks = Some("http://eks.invalid".into());
    list(&Clients::new(settings.clone()).unwrap(), None, None).await.unwrap();
    assert_eq!(proxy.seen()[0].uri, "http://eks.invalid/clusters");

    settings.endpoints.eks = Some(direct.url.clone());
    settings.no_proxy = Some("127.0.0.1".into());
    list(&Clients::new(settings).unwrap(), None, None).await.unwrap();
    assert_eq!((proxy.seen().len(), direct.seen().len()), (1, 1));
}

/// A server with TLS that answers every request alike, and the authority that
/// its certificate comes from, as PEM.
async fn tls_server() -> (String, String) {
    let mut authority = CertificateParams::new([]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let _ = stream.read(&mut [0; 4096]).await;
                let body = r#"{"clusters":[]}"#;
                let length = body.len();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            });
        }
    });
    (url, authority.pem())
}

#[tokio::test]
async fn a_private_authority_is_trusted_if_its_bundle_is_given_and_only_then() {
    let (url, pem) = tls_server().await;
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    std::fs::write(&bundle, pem).unwrap();
    let mut settings = Fake::start(aws).await.settings();
    settings.endpoints.eks = Some(url);
    let error = list(&Clients::new(settings.clone()).unwrap(), None, None).await.unwrap_err();
    assert!(error.message().contains("certificate"), "{error}");
    assert!(error.detail().contains("custom_ca_bundle"));
    settings.custom_ca_bundle = Some(bundle);
    list(&Clients::new(settings).unwrap(), None, None).await.unwrap();
}

#[tokio::test]
async fn a_bundle_that_is_none_is_refused() {
    let fake = Fake::start(aws).await;
    let folder = tempfile::tempdir().unwrap();
    let refused = async |name: &str, text: Option<&str>| {
        let path = folder.path().join(name);
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let custom_ca_bundle = Some(path);
        let clients = Clients::new(Settings { custom_ca_bundle, ..fake.settings() }).unwrap();
        let error = list(&clients, None, None).await.unwrap_err();
        assert_eq!(error.path().unwrap().to_string(), "custom_ca_bundle");
        error.message().to_owned()
    };
    assert!(refused("gone", None).await.contains("cannot be read"));
    assert!(refused("text", Some("hello")).await.ends_with("holds no certificate"));
    let garbage = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    assert!(refused("garbage", Some(garbage)).await.contains("a certificate that is none"));
}
