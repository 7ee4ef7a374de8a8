//! Single calls: faults around them, the record of them, and the front end before them.

use std::time::{Duration, Instant};

use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::eks::{
    ErrorKind, Operation, Rule,
    state::pause,
    testing::{Fixture, PATIENCE, cluster, config, encode, role},
};
use crate::http_client::HttpClient;

const ENTRIES: &str = "clusters/demo/access-entries";

#[tokio::test]
async fn every_second_call_is_throttled_and_does_no_work() {
    let fixture = Fixture::start(config());
    fixture.emulator.faults().add(Rule::throttle().every(2));
    fixture.create_entry(json!({ "principalArn": role("a") })).await;
    let body = json!({ "principalArn": role("b") });
    let response = fixture.send(Method::POST, ENTRIES, Some(&body)).await.unwrap();
    assert_eq!(response.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers["x-amzn-errortype"], "ThrottlingException");
    fixture.emulator.faults().clear();
    assert_eq!(fixture.get(ENTRIES).await["accessEntries"], json!([role("a")]));
}

#[tokio::test]
async fn a_lost_response_is_no_response_at_all_and_the_work_is_done() {
    let fixture = Fixture::start(config());
    let lost = Rule::lose_response().of(Operation::CreateAccessEntry).times(1);
    fixture.emulator.faults().add(lost);
    let body = json!({ "principalArn": role("a"), "clientRequestToken": "once" });
    fixture.send(Method::POST, ENTRIES, Some(&body)).await.unwrap_err();
    assert_eq!(fixture.get(ENTRIES).await["accessEntries"], json!([role("a")]));
    let calls = fixture.emulator.calls();
    assert!(calls[0].response_lost && calls[0].status == 200);

    let again = fixture.create_entry(body).await;
    assert_eq!(again["principalArn"], role("a"), "the token makes the retry safe");
    let untold = json!({ "principalArn": role("a"), "clientRequestToken": "another" });
    let (code, _) = fixture.refused(Method::POST, ENTRIES, untold).await;
    assert_eq!(code, "ResourceInUseException");
}

#[tokio::test]
async fn a_delayed_call_is_answered_late() {
    let fixture = Fixture::start(config());
    let delay = Duration::from_millis(80);
    fixture.emulator.faults().add(Rule::delay(delay).of(Operation::ListClusters));
    let begun = Instant::now();
    fixture.get("clusters").await;
    assert!(begun.elapsed() >= delay);
}

#[tokio::test]
async fn any_error_can_be_put_in_the_place_of_an_answer() {
    let fixture = Fixture::start(config());
    let kind = ErrorKind::ResourcePropagationDelayException;
    fixture.emulator.faults().add(Rule::refuse(kind, "wait").times(1));
    let response = fixture.send(Method::GET, "clusters", None).await.unwrap();
    assert_eq!(response.status.as_u16(), 428);
    fixture.get("clusters").await;
}

#[tokio::test]
async fn the_record_says_what_was_called_with_what_and_by_whom() {
    let fixture = Fixture::start(config());
    assert!(fixture.emulator.calls().is_empty());
    let body = json!({ "principalArn": role("a") });
    fixture.create_entry(body.clone()).await;
    let path = format!("{ENTRIES}/{}?x=1&x=2", encode(&role("missing")));
    fixture.refused(Method::GET, &path, json!({})).await;

    let calls = fixture.emulator.calls();
    assert_eq!(calls[0].operation, Some(Operation::CreateAccessEntry));
    assert_eq!(Value::Object(calls[0].body.clone()), body);
    assert_eq!(calls[0].access_key_id.as_deref(), Some("AKIDTEST"));
    assert_eq!(calls[1].path["principalArn"], role("missing"));
    let pair = |value: &str| ("x".to_owned(), value.to_owned());
    assert_eq!(calls[1].query, [pair("1"), pair("2")]);
    assert_eq!(calls[1].error.as_deref(), Some("ResourceNotFoundException"));
    assert_eq!(calls[1].status, 404);
    assert_eq!(fixture.emulator.call_count(Operation::CreateAccessEntry), 1);
    fixture.emulator.forget_calls();
    assert_eq!(fixture.emulator.call_count(Operation::CreateAccessEntry), 0);
}

#[tokio::test]
async fn webhooks_and_the_sandboxs_own_routes_are_no_calls() {
    let fixture = Fixture::start(config());
    let review = json!({ "apiVersion": "authentication.k8s.io/v1", "spec": { "token": "x" } });
    fixture.post(&fixture.emulator.authn_webhook_url(), &review).await;
    fixture.post(&fixture.emulator.authz_webhook_url(), &json!({ "spec": {} })).await;
    fixture.get("_sandbox/state").await;
    assert!(fixture.emulator.calls().is_empty());
}

#[tokio::test]
async fn what_is_no_operation_is_answered_and_recorded_as_such() {
    let fixture = Fixture::start(config());
    for (method, path) in [(Method::GET, "clusters/demo/addons"), (Method::PUT, "clusters/demo")] {
        let (code, _) = fixture.refused(method, path, json!({})).await;
        assert_eq!(code, "UnknownOperationException", "{path}");
    }
    let calls = fixture.emulator.calls();
    assert_eq!(calls[0].request, "GET /clusters/demo/addons");
    assert!(calls.iter().all(|call| call.operation.is_none()));
}

#[tokio::test]
async fn an_unsigned_request_and_one_for_elsewhere_are_refused() {
    let fixture = Fixture::start(config());
    let url = fixture.emulator.url().join("clusters").unwrap();
    let send = async |authorization: Option<&str>| {
        let mut request = Request::get(url.as_str());
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        let request = request.body(Full::default()).unwrap();
        let response = HttpClient::new(PATIENCE).send(request).await.unwrap();
        assert_eq!(response.status, StatusCode::FORBIDDEN);
        response.headers["x-amzn-errortype"].to_str().unwrap().to_owned()
    };
    assert_eq!(send(None).await, "MissingAuthenticationTokenException");
    for scope in ["eu-west-1/eks/aws4_request", "us-east-1/iam/aws4_request"] {
        let header = format!("AWS4-HMAC-SHA256 Credential=AK/20260101/{scope}, Signature=0");
        assert_eq!(send(Some(&header)).await, "InvalidSignatureException", "{scope}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_serialization_error() {
    let fixture = Fixture::start(config());
    let list = json!([1]);
    let (code, _) = fixture.refused(Method::POST, ENTRIES, list).await;
    assert_eq!(code, "SerializationException");
}

#[tokio::test]
async fn lists_come_in_pages_and_the_server_may_shorten_them() {
    let fixture = Fixture::start(config());
    for name in ["c", "a", "b"] {
        fixture.emulator.add_cluster(cluster(name));
    }
    fixture.emulator.faults().set_page_limit(Some(1));
    let mut names = Vec::new();
    let mut path = "clusters?maxResults=3".to_owned();
    loop {
        let page = fixture.get(&path).await;
        names.extend(page["clusters"].as_array().unwrap().clone());
        let Some(token) = page["nextToken"].as_str() else {
            break;
        };
        path = format!("clusters?maxResults=3&nextToken={token}");
    }
    assert_eq!(names, ["a", "b", "c", "demo"]);
    assert_eq!(fixture.emulator.call_count(Operation::ListClusters), 4);
}

#[tokio::test]
async fn adding_a_cluster_again_replaces_its_endpoint_and_nothing_else() {
    let fixture = Fixture::start(config());
    let before = fixture.get("clusters/demo").await["cluster"].take();
    let mut spec = cluster("demo");
    spec.endpoint = "https://127.0.0.1:7443".to_owned();
    fixture.emulator.add_cluster(spec);
    let mut after = fixture.get("clusters/demo").await["cluster"].take();
    assert_eq!(after["endpoint"], "https://127.0.0.1:7443");
    after["endpoint"] = before["endpoint"].clone();
    assert_eq!(after, before);
}

#[tokio::test]
async fn dropping_the_emulator_closes_its_port() {
    let fixture = Fixture::start(config());
    let url = fixture.emulator.url();
    fixture.get("clusters").await;
    drop(fixture);
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let request = Request::get(url.as_str()).body(Full::default()).unwrap();
        if HttpClient::new(PATIENCE).send(request).await.is_err() {
            return;
        }
        assert!(Instant::now() < deadline, "{url} still answers");
        pause(Duration::from_millis(5)).await;
    }
}
