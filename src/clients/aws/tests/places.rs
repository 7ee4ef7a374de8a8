//! Containers, pods and instances as places of credentials, and the hosts that calls go to.

use std::io::{Read as _, Write as _};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::testing::in_environment;
use super::*;

const KEYS: &str = r#"{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"ASIAPLACE",
    "SecretAccessKey":"s","Token":"t","Expiration":"2100-01-01T00:00:00Z"}"#;

/// Answers every request with the keys, on a thread of its own: its address has to be known before
/// the process that asks is started.
fn container() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/credentials", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..read]).to_lowercase();
            // The agent of EKS Pod Identity lets nobody in without the pod's token.
            let (status, body) = if head.contains("authorization: pod-token") {
                ("200 OK", KEYS)
            } else {
                ("401 Unauthorized", "{}")
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn the_credentials_of_a_container_or_pod_are_found() {
    let url = container();
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "pod-token"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    in_environment(the_credentials_of_a_container_or_pod_are_found, &variables, || async {
        let fake = Fake::start(aws).await;
        let settings = Settings {
            region: Some("eu-west-1".into()),
            endpoints: fake.settings().endpoints,
            ..Settings::default()
        };
        list(&Clients::new(settings).unwrap(), None, None).await.unwrap();
        assert_eq!(fake.seen()[0].key(), "ASIAPLACE");
    });
}

#[test]
fn the_credentials_and_the_region_of_an_instance_are_found() {
    in_environment(the_credentials_and_the_region_of_an_instance_are_found, &[], || async {
        let fake = Fake::start(aws).await;
        let metadata = Fake::start(|seen, _| {
            let text = match seen.path.as_str() {
                "/latest/api/token" => "session",
                "/latest/meta-data/placement/region" => "ap-south-1",
                path if path.trim_end_matches('/').ends_with("security-credentials")
                    || path.trim_end_matches('/').ends_with("security-credentials-extended") =>
                {
                    "node"
                }
                _ => KEYS,
            };
            Answer::new(200, text).header("x-aws-ec2-metadata-token-ttl-seconds", "21600")
        })
        .await;
        let settings = Settings {
            endpoints: fake.settings().endpoints,
            ec2_metadata_service_endpoint: Some(metadata.url.clone()),
            ..Settings::default()
        };
        let clients = Clients::new(settings.clone()).unwrap();
        list(&clients, None, None).await.unwrap();
        assert_eq!(fake.seen()[0].key(), "ASIAPLACE");
        assert_eq!(fake.seen()[0].region(), "ap-south-1");

        let asked = metadata.calls().len();
        let settings = Settings { skip_metadata_api_check: true, ..settings };
        let error = list(&Clients::new(settings).unwrap(), None, None).await.unwrap_err();
        assert!(error.message().starts_with("no AWS Region is set"), "{error}");
        assert_eq!(metadata.calls().len(), asked, "it was asked all the same");
    });
}

/// The host that a call to EKS goes to, as a proxy is told it.
async fn host(settings: Settings) -> String {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let settings = Settings {
        region: Some("us-east-1".into()),
        access_key: Some("AKID".into()),
        secret_key: Some("s".to_owned().into()),
        https_proxy: Some(url.into()),
        max_retries: Some(1),
        ..settings
    };
    let clients = Clients::new(settings).unwrap();
    let told = async {
        let (mut stream, _) = proxy.accept().await.unwrap();
        let mut head = [0; 4096];
        let read = stream.read(&mut head).await.unwrap();
        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
        String::from_utf8_lossy(&head[..read]).into_owned()
    };
    let (told, refused) = tokio::join!(told, list(&clients, None, None));
    refused.unwrap_err();
    let line = told.lines().next().unwrap_or_default();
    let host = line.strip_prefix("CONNECT ").unwrap_or_else(|| panic!("{told}"));
    host.split(':').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn fips_and_dual_stack_endpoints_are_called_where_they_are_asked_for() {
    let table = [
        (None, None, "eks.us-east-1.amazonaws.com"),
        (Some(true), None, "fips.eks.us-east-1.amazonaws.com"),
        (None, Some(true), "eks.us-east-1.api.aws"),
        (Some(true), Some(true), "eks-fips.us-east-1.api.aws"),
    ];
    for (use_fips_endpoint, use_dualstack_endpoint, expected) in table {
        let settings =
            Settings { use_fips_endpoint, use_dualstack_endpoint, ..Settings::default() };
        assert_eq!(host(settings).await, expected);
    }
}
