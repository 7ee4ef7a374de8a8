//! The real program, driven as a host drives it: started with go-plugin's environment, found by the
//! line that it prints, called over mutual TLS, and ended.

mod crowds;
mod deaths;
mod host;

use std::fs;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::time::timeout;
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};

use host::{Certificate, Start, go_plugin, signal};
use terraform_provider_gitops::rpc::proto::provider_client::ProviderClient;
use terraform_provider_gitops::rpc::proto::{DynamicValue, validate_provider_config};

/// The host kills a plugin that takes 2 s.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

async fn is_serving(channel: &Channel) -> Result<bool, tonic::Status> {
    let request = HealthCheckRequest { service: "plugin".to_owned() };
    let response = HealthClient::new(channel.clone()).check(request).await?.into_inner();
    Ok(response.status() == ServingStatus::Serving)
}

#[tokio::test]
async fn the_line_says_where_and_how_to_connect() {
    let plugin = Start::default().run().await;
    let fields: Vec<_> = plugin.line.trim_end_matches('\n').split('|').collect();
    let [core, app, network, address, protocol, certificate] = fields.as_slice() else {
        panic!("{fields:?}")
    };
    assert_eq!([*core, app, network, protocol], ["1", "6", "unix", "grpc"]);
    assert!(plugin.line.ends_with('\n') && !plugin.line.ends_with("\r\n"), "{:?}", plugin.line);
    assert!(address.starts_with(plugin.temp_dir().to_str().unwrap()), "{address}");
    assert!(fs::metadata(address).is_ok(), "it listens before it prints");

    // Hosts take a shorter one for none, and cannot read padding.
    assert!(certificate.len() > 50 && !certificate.contains('='), "{certificate}");
    let der = STANDARD_NO_PAD.decode(certificate).unwrap();
    rustls::server::ParsedCertificate::try_from(&der.into()).unwrap();
}

#[tokio::test]
async fn a_host_that_asks_for_multiplexing_is_told_no() {
    let plugin = Start::default().env("PLUGIN_MULTIPLEX_GRPC", "true").run().await;
    assert!(plugin.line.ends_with("|false\n") && plugin.line.matches('|').count() == 6);
}

#[tokio::test]
async fn without_the_cookie_it_explains_itself_and_fails() {
    for cookie in ["", "d602bf8f", &"0".repeat(64)] {
        let ended = Start::default().env("TF_PLUGIN_MAGIC_COOKIE", cookie).run_to_end().await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{cookie:?}");
        for part in ["is a plugin of OpenTofu and Terraform", "source = \"eks-gitops/gitops\""] {
            assert!(ended.stderr.contains(part), "{}", ended.stderr);
        }
    }
}

#[tokio::test]
async fn a_host_that_does_not_speak_version_6_is_told_which_does() {
    for versions in ["5", "4,5", ""] {
        let ended = Start::default().env("PLUGIN_PROTOCOL_VERSIONS", versions).run_to_end().await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
        let expected = format!("PLUGIN_PROTOCOL_VERSIONS is {versions:?}, expected 6 among them");
        assert!(ended.stderr.contains(&expected), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_an_error_and_never_plaintext() {
    let ended = Start::default().env("PLUGIN_CLIENT_CERT", "hello").run_to_end().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("reading PLUGIN_CLIENT_CERT"), "{}", ended.stderr);
}

#[tokio::test]
async fn the_host_gets_in_with_its_certificate() {
    let plugin = Start::default().run().await;
    let channel = plugin.connect().await.unwrap();
    assert!(is_serving(&channel).await.unwrap());
}

#[tokio::test]
async fn nobody_else_gets_in() {
    let plugin = Start::default().env("TF_LOG", "WARN").run().await;
    let foreign = Certificate::like_go_plugin();
    // The host's certificate says that it is a CA. That is not for its children to use.
    let [of_another, of_the_host] = [&foreign, plugin.client()].map(Certificate::issued_by);
    let stolen = plugin.client().stolen();
    let refused = [
        ("a foreign certificate", plugin.connect_as(Some(&foreign)).await),
        ("a certificate of another CA", plugin.connect_as(Some(&of_another)).await),
        ("a certificate that the host's issued", plugin.connect_as(Some(&of_the_host)).await),
        ("the host's certificate without its key", plugin.connect_as(Some(&stolen)).await),
        ("no certificate", plugin.connect_as(None).await),
        ("no TLS", plugin.connect_in_plaintext().await),
    ];
    for (with, channel) in refused {
        // With TLS 1.3 a client learns of the refusal when it reads for the first time.
        let answer = match channel {
            Ok(channel) => is_serving(&channel).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        assert!(answer.is_err(), "{with}: {answer:?}");
    }

    assert!(is_serving(&plugin.connect().await.unwrap()).await.unwrap(), "the host still does");
    let stderr = plugin.stderr();
    for (cause, times) in [
        ("ApplicationVerificationFailure", 3),
        ("BadSignature", 1),
        ("peer sent no certificates", 1),
        ("corrupt message", 1),
    ] {
        // A client that is refused may come again.
        assert!(stderr.matches(cause).count() >= times, "{cause}: {stderr}");
    }
}

#[tokio::test]
async fn without_a_client_certificate_there_is_no_tls() {
    let plugin = Start::default().plaintext().run().await;
    assert!(plugin.line.ends_with("|grpc|\n"), "{}", plugin.line);
    let channel = plugin.connect_in_plaintext().await.unwrap();
    assert!(is_serving(&channel).await.unwrap());
}

#[tokio::test]
async fn a_message_may_be_far_larger_than_grpc_has_by_default() {
    let plugin = Start::default().run().await;
    let config = DynamicValue { msgpack: vec![0xc0; 16 << 20], json: Vec::new() };
    let request = validate_provider_config::Request { config: Some(config) };
    let answer = ProviderClient::new(plugin.connect().await.unwrap())
        .validate_provider_config(request)
        .await;
    // tonic answers `OutOfRange` to what it takes for too large. Any other answer comes from the
    // service, to which this is not a configuration.
    let code = answer.err().map(|status| status.code());
    assert!(matches!(code, None | Some(Code::Unimplemented)), "{code:?}");
}

#[tokio::test]
async fn shutdown_ends_it_within_a_second_whatever_is_open() {
    let mut plugin = Start::default().run().await;
    let channel = plugin.connect().await.unwrap();
    let broker = go_plugin::start_stream(&channel).await;
    let stdio = go_plugin::stream_stdio(&channel).await;
    // A call of the provider's kind that nobody ends: the watch of a health check.
    let request = HealthCheckRequest { service: "plugin".to_owned() };
    let watch = HealthClient::new(channel.clone()).watch(request).await.unwrap();

    let asked = Instant::now();
    go_plugin::shutdown(&channel).await.unwrap();
    let status = plugin.ended(SHUTDOWN_LIMIT * 2).await;
    assert!(asked.elapsed() < SHUTDOWN_LIMIT, "{:?}", asked.elapsed());
    assert_eq!(status.code(), Some(0), "{status}");
    assert_eq!(fs::read_dir(plugin.temp_dir()).unwrap().count(), 0, "the socket is removed");
    drop((broker, stdio, watch));
}

#[tokio::test]
async fn shutdown_of_an_idle_plugin_takes_no_time() {
    let mut plugin = Start::default().run().await;
    let channel = plugin.connect().await.unwrap();
    let asked = Instant::now();
    go_plugin::shutdown(&channel).await.unwrap();
    drop(channel);
    plugin.ended(SHUTDOWN_LIMIT).await;
    assert!(asked.elapsed() < SHUTDOWN_LIMIT / 3, "{:?}", asked.elapsed());
}

#[tokio::test]
async fn standard_input_is_left_alone() {
    // A host hands on its own: a terminal, or nothing at all.
    let mut plugin = Start::default().run().await;
    drop(plugin.take_stdin());
    timeout(Duration::from_millis(300), plugin.stdout_closed()).await.unwrap_err();
    assert!(is_serving(&plugin.connect().await.unwrap()).await.unwrap());
}

#[tokio::test]
async fn every_line_of_its_log_is_hclog_s() {
    let mut plugin = Start::default().env("TF_LOG", "TRACE").run().await;
    let channel = plugin.connect().await.unwrap();
    // A refusal, so that there is a warning with an error in it.
    if let Ok(stranger) = plugin.connect_as(None).await {
        is_serving(&stranger).await.unwrap_err();
    }
    go_plugin::shutdown(&channel).await.unwrap();
    plugin.ended(SHUTDOWN_LIMIT).await;

    let log = plugin.stderr();
    assert!(log.contains("\"warn\"") && log.contains("\"debug\""), "{log}");
    for line in log.lines() {
        let entry: serde_json::Map<String, Value> = serde_json::from_str(line).expect(line);
        for key in ["@level", "@message", "@module", "@timestamp"] {
            assert!(entry[key].is_string(), "{line}");
        }
        assert!(
            ["trace", "debug", "info", "warn", "error"]
                .contains(&entry["@level"].as_str().unwrap()),
            "{line}"
        );
        let timestamp = entry["@timestamp"].as_str().unwrap();
        let digits = timestamp.split_once('.').unwrap().1;
        assert!(digits.len() == 7 && digits.ends_with('Z'), "{line}");
        timestamp.parse::<jiff::Timestamp>().expect(line);
    }
}

#[tokio::test]
async fn without_tf_log_it_says_nothing() {
    let mut plugin = Start::default().run().await;
    let channel = plugin.connect().await.unwrap();
    go_plugin::shutdown(&channel).await.unwrap();
    plugin.ended(SHUTDOWN_LIMIT).await;
    assert_eq!(plugin.stderr(), "");
}

#[tokio::test]
async fn debug_mode_serves_whoever_comes_until_interrupted() {
    let mut plugin = Start::default().debug().run().await;
    let json = plugin.line.trim().strip_prefix("TF_REATTACH_PROVIDERS='").unwrap();
    let providers: Value = serde_json::from_str(json.strip_suffix('\'').unwrap()).unwrap();
    let entry = &providers["registry.terraform.io/eks-gitops/gitops"];
    assert_eq!(entry, &providers["registry.opentofu.org/eks-gitops/gitops"]);
    assert_eq!((&entry["ProtocolVersion"], &entry["Test"]), (&6.into(), &true.into()));
    assert_eq!(entry["Pid"], plugin.id());

    for _ in 0..2 {
        drop(UnixStream::connect(plugin.address()).await.unwrap());
        let channel = plugin.connect_in_plaintext().await.unwrap();
        assert!(is_serving(&channel).await.unwrap());
    }
    signal("INT", plugin.id()).await;
    assert_eq!(plugin.ended(SHUTDOWN_LIMIT).await.code(), Some(0));
    assert_eq!(fs::read_dir(plugin.temp_dir()).unwrap().count(), 0);
}

#[tokio::test]
async fn people_may_ask_for_version_and_help() {
    let ended = Start::default().by_hand(&["--version"]).run_to_end().await;
    let expected = concat!("terraform-provider-gitops v", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), expected));

    let ended = Start::default().by_hand(&["--help"]).run_to_end().await;
    assert!(ended.code == Some(0) && ended.stdout.contains("--debug"), "{}", ended.stdout);

    let ended = Start::default().by_hand(&["--verison"]).run_to_end().await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""));
    assert!(
        ended.stderr.contains("\"--verison\"") && ended.stderr.contains("Usage"),
        "{}",
        ended.stderr
    );
}
