//! Functions, which are called before anything is configured.

use serde_json::{Value as Json, json};
use terraform_provider_gitops::rpc::proto;
use tonic::Request;

use crate::support::core::{Called, Core, Service, UNKNOWN};
use crate::support::fake;

async fn measure(arguments: &[Json]) -> Called {
    Core::start(fake::server()).await.call("measure", arguments).await
}

fn refused(called: Called) -> (String, Option<i64>) {
    match called {
        Called::Refused { text, argument } => (text, argument),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_function_is_described_as_it_is_called() {
    let core = Core::start(fake::server()).await;
    let measure = &core.functions["measure"];
    let parameters: Vec<_> = measure
        .parameters
        .iter()
        .map(|one| (one.name.as_str(), one.nullable, one.description.as_str()))
        .collect();
    assert_eq!(
        parameters,
        [("first", false, "What is measured first."), ("ignore", true, "What counts as nothing."),]
    );
    let more = measure.variadic.as_ref().expect("it takes more");
    assert_eq!((more.name.as_str(), more.nullable), ("more", false));
    assert_eq!(measure.summary, "Measures words");
    assert_eq!(measure.description, "Measures words.\n\nReturns how long they are.");
    // The functions beside the schema are the same.
    let request = Request::new(proto::get_functions::Request::default());
    let functions = core.service.get_functions(request).await.unwrap().into_inner().functions;
    assert_eq!(functions.keys().collect::<Vec<_>>(), ["measure"]);
}

#[tokio::test]
async fn a_function_returns_a_value_of_its_type() {
    let called = measure(&[json!("long"), json!("a"), json!("a"), json!("bc")]).await;
    assert_eq!(
        called,
        Called::Returned(json!({"letters": 6, "ignored": "a", "words": ["long", "a", "bc"]}))
    );
    // A null comes as no bytes at all.
    let called = measure(&[json!("short"), Json::Null]).await;
    assert_eq!(
        called,
        Called::Returned(json!({"letters": 5, "ignored": null, "words": ["short"]}))
    );
}

#[tokio::test]
async fn a_null_as_terraform_sends_it_is_a_null() {
    let core = Core::start(fake::server()).await;
    let bytes = |msgpack: &[u8]| proto::DynamicValue { msgpack: msgpack.to_vec(), json: vec![] };
    let arguments = vec![bytes(b"\xa4long"), bytes(&[0xc0])];
    let request = proto::call_function::Request { name: "measure".into(), arguments };
    let answer = core.service.call_function(Request::new(request)).await.unwrap().into_inner();
    assert_eq!(answer.error, None);
    // Nulls and unknown values that core never sends are refused where they are.
    for (bad, text) in [(&[0xc0][..], "null"), (&[0xd4, 0, 0], "not known"), (&[0x2a], "expected")]
    {
        let arguments = vec![bytes(bad), bytes(&[0xc0])];
        let request = proto::call_function::Request { name: "measure".into(), arguments };
        let answer = core.service.call_function(Request::new(request)).await.unwrap().into_inner();
        let error = answer.error.expect("an error");
        assert_eq!(error.function_argument, Some(0), "{error:?}");
        assert!(error.text.contains(text), "{error:?}");
    }
}

#[tokio::test]
async fn an_error_names_the_argument_that_is_to_blame() {
    let (text, argument) = refused(measure(&[json!("tiny"), Json::Null]).await);
    assert!(text.contains("\"tiny\" is not one of: long, short"), "{text}");
    assert_eq!(argument, Some(0));
    let (text, argument) =
        refused(measure(&[json!("long"), Json::Null, json!("a"), json!("")]).await);
    assert_eq!((text.as_str(), argument), ("A word is empty.", Some(3)));
}

#[tokio::test]
async fn what_is_not_known_yet_is_not_asked_for() {
    let called = measure(&[json!("long"), json!(UNKNOWN)]).await;
    assert_eq!(called, Called::Unknown);
}

#[tokio::test]
async fn a_function_that_panics_or_is_not_there_says_so() {
    let (text, argument) = refused(measure(&[json!("panic"), Json::Null]).await);
    assert!(text.contains("the ruler broke") && text.contains("bug in the provider"), "{text}");
    assert_eq!(argument, None);
    let core = Core::start(fake::server()).await;
    let request = proto::call_function::Request { name: "nothing".into(), arguments: vec![] };
    let answer = core.service.call_function(Request::new(request)).await.unwrap().into_inner();
    let error = answer.error.expect("an error");
    assert!(error.text.contains("no function \"nothing\""), "{error:?}");
}
