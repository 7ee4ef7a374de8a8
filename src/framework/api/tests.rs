//! A model as an API object, and what of the object is seen again.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::framework::{Attr, JsonText, Model, Set};

/// An object with a field of each form.
#[derive(Debug, Default, Model)]
struct Thing {
    /// Name.
    #[attr(required, api = "/metadata/name")]
    name: Attr<String>,
    /// Labels.
    #[attr(api = "/metadata/labels")]
    labels: Attr<BTreeMap<String, String>>,
    /// A description that is kept as an annotation.
    #[attr(api = "/metadata/annotations/example.com~1about")]
    about: Attr<String>,
    /// Annotations.
    #[attr(api = "/metadata/annotations")]
    annotations: Attr<BTreeMap<String, String>>,
    /// Not in the API.
    #[attr(local)]
    wait: Attr<bool>,
    /// A source.
    source: Attr<Source>,
    /// An object that means something when it is empty.
    #[attr(keep_empty)]
    automated: Attr<Source>,
    /// Sources.
    sources: Attr<Vec<Source>>,
    /// Sources by name.
    named: Attr<BTreeMap<String, Source>>,
    /// Sources without order.
    others: Attr<Set<Source>>,
    /// Read only.
    #[attr(computed, api = "/status/url")]
    url: Attr<String>,
}

/// A source.
#[derive(Debug, Default, Model)]
struct Source {
    /// Where.
    #[attr(api = "repoURL")]
    repo_url: Attr<String>,
    /// Which.
    target_revision: Attr<String>,
    /// How many.
    #[attr(int_or_string)]
    replicas: Attr<String>,
    /// Anything.
    values: Attr<JsonText>,
    /// A switch whose absence means off.
    #[attr(omitempty)]
    prune: Attr<bool>,
    /// A switch whose absence means on.
    enabled: Attr<bool>,
    /// Files.
    files: Attr<Vec<String>>,
}

fn values(thing: Thing) -> Value {
    thing.into_value()
}

fn thing() -> Thing {
    let source = Source {
        repo_url: Attr::Known("https://x".into()),
        replicas: Attr::Known("3".into()),
        values: Attr::Known(JsonText(r#"{"a": {"b": 1}}"#.into())),
        ..Source::default()
    };
    Thing {
        name: Attr::Known("t".into()),
        labels: Attr::Known(BTreeMap::from([("team".into(), "a".into())])),
        about: Attr::Known("mine".into()),
        annotations: Attr::Known(BTreeMap::from([("x".into(), "y".into())])),
        wait: Attr::Known(true),
        automated: Attr::Known(Source::default()),
        source: Attr::Known(source),
        ..Thing::default()
    }
}

fn rendered() -> Json {
    json!({
        "metadata": {
            "name": "t",
            "labels": {"team": "a"},
            "annotations": {"x": "y", "example.com/about": "mine"},
        },
        "spec": {
            "automated": {},
            "source": {"repoURL": "https://x", "replicas": 3, "values": {"a": {"b": 1}}},
        },
    })
}

fn see(live: &Json, prior: &Value, view: View) -> Value {
    project(&Thing::attributes(), "/spec", live, prior, view)
}

#[test]
fn what_is_configured_is_sent_and_nothing_else() {
    let json = render(&Thing::attributes(), "/spec", &values(thing())).unwrap();
    assert_eq!(json, rendered());
    let empty = Thing { source: Attr::Known(Source::default()), ..Thing::default() };
    let json = render(&Thing::attributes(), "/spec", &values(empty)).unwrap();
    assert_eq!(json, json!({}));
}

#[test]
fn an_unknown_value_is_never_sent() {
    let thing = Thing { about: Attr::Unknown, ..thing() };
    let error = render(&Thing::attributes(), "/spec", &values(thing)).unwrap_err();
    assert_eq!(error.path().unwrap().to_string(), "about");
}

#[test]
fn an_error_leads_as_far_as_the_protocol_has_steps() {
    let bad = || Source { values: Attr::Known(JsonText("{".into())), ..Source::default() };
    let paths = [
        Thing { sources: Attr::Known(vec![Source::default(), bad()]), ..Thing::default() },
        Thing { named: Attr::Known([("a".into(), bad())].into()), ..Thing::default() },
        Thing { others: Attr::Known(Set(vec![bad()])), ..Thing::default() },
    ]
    .map(|thing| {
        let error = render(&Thing::attributes(), "/spec", &values(thing)).unwrap_err();
        error.path().unwrap().to_string()
    });
    assert_eq!(paths, ["sources[1].values", "named[\"a\"].values", "others"]);
}

#[test]
fn what_others_wrote_is_not_seen() {
    let prior = values(thing());
    let mut live = rendered();
    live["metadata"]["labels"]["other"] = json!("b");
    live["metadata"]["annotations"]["kubectl"] = json!("z");
    live["spec"]["source"]["targetRevision"] = json!("abc");
    live["spec"]["source"]["values"]["a"]["default"] = json!(true);
    live["spec"]["project"] = json!("default");
    assert_eq!(see(&live, &prior, View::Owned), prior);
}

#[test]
fn drift_shows_as_the_field_that_drifted() {
    let prior = values(thing());
    let mut live = rendered();
    live["spec"]["source"]["repoURL"] = json!("https://y");
    live["spec"]["source"]["values"]["a"]["b"] = json!(2);
    live["metadata"]["labels"] = json!({});
    let seen = see(&live, &prior, View::Owned);
    assert_eq!(seen.get("source").get("repo_url"), &"https://y".into());
    assert_eq!(seen.get("source").get("values"), &r#"{"a":{"b":2}}"#.into());
    assert_eq!(seen.get("labels"), &Value::Object(Object::new()));
    assert_eq!(seen.get("about"), prior.get("about"));
}

#[test]
fn an_empty_block_that_a_controller_removed_is_not_missed() {
    let prior = values(Thing { source: Attr::Known(Source::default()), ..Thing::default() });
    assert_eq!(see(&json!({}), &prior, View::Owned), prior);
    let prior = values(Thing { automated: Attr::Known(Source::default()), ..Thing::default() });
    assert_eq!(see(&json!({}), &prior, View::Owned).get("automated"), &Value::Null);
}

#[test]
fn what_says_nothing_is_sent_and_not_missed() {
    let source = Source {
        target_revision: Attr::Known(String::new()),
        prune: Attr::Known(false),
        enabled: Attr::Known(false),
        files: Attr::Known(vec![]),
        ..Source::default()
    };
    let prior = values(Thing { sources: Attr::Known(vec![source]), ..Thing::default() });
    let sent = render(&Thing::attributes(), "/spec", &prior).unwrap();
    let all = json!({"targetRevision": "", "prune": false, "enabled": false, "files": []});
    assert_eq!(sent["spec"]["sources"], json!([all]));
    let live = json!({"spec": {"sources": [{"enabled": false}]}});
    assert_eq!(see(&live, &prior, View::Owned), prior);
    // Off where absence means on is missed.
    let seen = see(&json!({"spec": {"sources": [{}]}}), &prior, View::Owned);
    let source = &seen.get("sources").as_list().unwrap()[0];
    assert_eq!(source.get("enabled"), &Value::Null);
    assert_eq!(source.get("prune"), &false.into());
}

#[test]
fn a_list_is_one_field() {
    let one = Source { repo_url: Attr::Known("a".into()), ..Source::default() };
    let prior = values(Thing { sources: Attr::Known(vec![one]), ..Thing::default() });
    let live = json!({"spec": {"sources": [
        {"repoURL": "a", "targetRevision": "defaulted"},
        {"repoURL": "b", "targetRevision": "x"},
    ]}});
    let seen = see(&live, &prior, View::Owned);
    let sources = seen.get("sources").as_list().unwrap();
    assert_eq!(sources[0].get("target_revision"), &Value::Null);
    assert_eq!(sources[1].get("target_revision"), &"x".into());
}

#[test]
fn an_import_sees_everything_that_the_schema_knows() {
    let prior = Thing { name: Attr::Known("t".into()), ..Thing::default() };
    let mut live = rendered();
    live["status"] = json!({"url": "https://status", "more": 1});
    let seen = see(&live, &values(prior), View::Whole);
    assert_eq!(seen.get("source").get("replicas"), &"3".into());
    assert_eq!(seen.get("automated"), &values(thing()).get("automated").clone());
    assert_eq!(seen.get("url"), &"https://status".into());
}

#[test]
fn a_map_does_not_have_what_another_attribute_is_about() {
    let live = json!({"metadata": {"annotations": {"example.com/about": "mine", "x": "y"}}});
    let seen = project(&Thing::attributes(), "/spec", &live, &Value::Null, View::Whole);
    let seen = Thing::from_value(seen).unwrap();
    assert_eq!(seen.about.as_str(), Some("mine"));
    assert_eq!(seen.annotations, Attr::Known(BTreeMap::from([("x".into(), "y".into())])));
}
