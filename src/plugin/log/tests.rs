use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tracing::{debug, debug_span, error, field, info, info_span, trace, warn};

use super::*;

/// The lines that `work` logs.
fn logged(work: impl FnOnce()) -> Vec<Map<String, Value>> {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&bytes);
    let hclog = Hclog::new(move |line: &[u8]| sink.lock().unwrap().extend_from_slice(line));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(hclog), work);
    let bytes = bytes.lock().unwrap();
    let text = std::str::from_utf8(&bytes).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_event_becomes_a_line_with_the_four_keys_of_hclog() {
    let lines = logged(|| info!(answer = 42, ready = true, name = "x", "all is {}", "well"));
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(line["@level"], "info");
    assert_eq!(line["@message"], "all is well");
    assert_eq!(line["@module"], "provider.plugin.log.tests");
    assert!(line["@timestamp"].is_string());
    assert_eq!(
        (&line["answer"], &line["ready"], &line["name"]),
        (&json!(42), &json!(true), &json!("x"))
    );
    assert_eq!(line.len(), 7);
}

#[test]
fn levels_have_hclog_s_names() {
    let lines = logged(|| {
        error!("");
        warn!("");
        info!("");
        debug!("");
        trace!("");
    });
    let levels: Vec<_> = lines.iter().map(|line| line["@level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["error", "warn", "info", "debug", "trace"]);
}

#[test]
fn an_event_carries_the_fields_of_the_spans_around_it() {
    let lines = logged(|| {
        let call = info_span!(
            "call",
            tf_rpc = "ApplyResourceChange",
            tf_resource_type = field::Empty,
            depth = 1
        );
        let _call = call.enter();
        call.record("tf_resource_type", "gitops_application");
        let _step = debug_span!("step", depth = 2, attempt = 1).entered();
        info!(attempt = 3, "trying");
    });
    let line = &lines[0];
    assert_eq!(line["tf_rpc"], "ApplyResourceChange");
    assert_eq!(line["tf_resource_type"], "gitops_application");
    assert_eq!((&line["depth"], &line["attempt"]), (&json!(2), &json!(3)));
}

#[test]
fn no_field_takes_the_place_of_hclog_s_own() {
    let lines = logged(|| info!("@level" = 7, "@message" = 8, "@timestamp" = 9, "real"));
    assert_eq!((&lines[0]["@level"], &lines[0]["@message"]), (&json!("info"), &json!("real")));
    assert!(lines[0]["@timestamp"].is_string());
}

#[test]
fn an_event_without_a_message_has_an_empty_one() {
    let lines = logged(|| info!(answer = 42));
    assert_eq!(lines[0]["@message"], "");
}

#[test]
fn fields_named_like_secrets_have_no_value() {
    let lines = logged(|| {
        let _span = info_span!("call", session_token = "canary").entered();
        info!(
            password = "canary",
            Authorization = "canary",
            clientSecret = ?Some("canary"),
            "x-auth-token" = "canary",
            tls.private_key = %"canary",
            api_key = 5,
            plain = "shown",
            "done"
        );
    });
    let line = serde_json::to_string(&lines[0]).unwrap();
    assert!(!line.contains("canary"), "{line}");
    assert_eq!(
        (&lines[0]["api_key"], &lines[0]["plain"]),
        (&json!("(sensitive value)"), &json!("shown"))
    );
}

#[test]
fn an_error_is_told_with_its_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("calling the API")]
    struct Outer(#[source] io::Error);

    let cause = Outer(io::Error::other("connection reset"));
    let lines = logged(|| error!(error = &cause as &dyn std::error::Error, "failed"));
    assert_eq!(lines[0]["error"], "calling the API: connection reset");
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let lines = logged(|| info!(body = "é".repeat(20_000), "long"));
    let body = lines[0]["body"].as_str().unwrap();
    assert!(body.len() < 9_000 && body.ends_with("é… (31808 bytes more)"), "{}", &body[8_100..]);
    let lines = logged(|| info!("{}", "a".repeat(100_000)));
    assert!(lines[0]["@message"].as_str().unwrap().len() < 9_000);
}

#[test]
fn line_ends_stay_inside_their_line() {
    let lines = logged(|| info!(text = "a\nb\u{2028}\"c\"", "one\ntwo"));
    assert_eq!(
        (&lines[0]["@message"], &lines[0]["text"]),
        (&json!("one\ntwo"), &json!("a\nb\u{2028}\"c\""))
    );
}

#[test]
fn a_time_has_six_digits_whatever_it_is() {
    for (nanoseconds, expected) in [
        (0, "1970-01-01T00:00:00.000000Z"),
        (1_000_000_500, "1970-01-01T00:00:01.000000Z"),
        (123_456_789, "1970-01-01T00:00:00.123456Z"),
    ] {
        let at = SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds);
        assert_eq!(timestamp(at), expected);
    }
}

#[test]
fn modules_are_named_from_the_provider_down() {
    assert_eq!(module(OWN), "provider");
    assert_eq!(module(&format!("{OWN}::plugin::tls")), "provider.plugin.tls");
    assert_eq!(module("rustls::conn"), "rustls.conn");
    assert_eq!(module(&format!("{OWN}_extra::a")), format!("{OWN}_extra.a"));
}
