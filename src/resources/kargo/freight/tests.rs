//! Freight as users write it, and as Kargo calls it.

use serde_json::json;

use super::*;
use crate::framework::api::{View, project};

fn text(text: &str) -> Attr<String> {
    Attr::Known(text.to_owned())
}

/// As it was recorded of Kargo 1.11.
fn recorded() -> Freight {
    Freight {
        namespace: text("kt-a"),
        origin: FreightOrigin { kind: text("Warehouse"), name: text("wh") }.into(),
        commits: vec![Commit {
            repo_url: text("http://127.0.0.1:19080/app.git"),
            id: text("43feb2cc391377fd21f19c4b7841805ef3cc0e68"),
            branch: text("main"),
            ..Commit::default()
        }]
        .into(),
        images: vec![Image {
            repo_url: text("127.0.0.1:19050/demo/app"),
            tag: text("1.1.0"),
            digest: text("sha256:08c144547bb9c9099ea80fe305a17c30966c9b41739db93269db4eb7f04e5e96"),
            ..Image::default()
        }]
        .into(),
        ..Freight::default()
    }
}

#[test]
fn freight_is_called_as_kargo_calls_it() {
    let name = "bc477e52b97b84854e3a7aae4800cf9012594241";
    assert_eq!(name::of(&recorded()).as_deref(), Some(name));
    // What tells nothing apart does not count.
    let mut described = recorded();
    described.commits = described.commits.map(|mut commits| {
        commits[0].author = text("a <a@example.com>");
        commits[0].repo_url = text("http://127.0.0.1:19080/App");
        commits
    });
    assert_eq!(name::of(&described).as_deref(), Some(name));
    let other = Freight {
        images: vec![Image {
            repo_url: text("127.0.0.1:19050/demo/app"),
            tag: text("1.0.4"),
            digest: text("sha256:0000000000000000000000000000000000000000000000000000000000000000"),
            ..Image::default()
        }]
        .into(),
        ..recorded()
    };
    assert_eq!(name::of(&other).as_deref(), Some("76963917f3105b620556f80472c6637292b76495"));
    assert_eq!(name::of(&Freight { images: Attr::Unknown, ..recorded() }), None);
}

#[test]
fn freight_is_sent_with_its_name_and_seen_with_its_alias() {
    let attributes = Freight::attributes();
    let values = recorded().into_value();
    let sent = Freight::render(&attributes, &values).unwrap();
    assert_eq!(sent["metadata"]["name"], "bc477e52b97b84854e3a7aae4800cf9012594241");
    assert_eq!(sent["origin"], json!({"kind": "Warehouse", "name": "wh"}));
    assert!(sent["spec"].is_null() && sent["alias"].is_null());
    let mut live = sent;
    live["alias"] = json!("iron-sponge");
    live["discoveredAt"] = json!("2026-11-21T06:43:14Z");
    let mut planned = values;
    planned.set("alias", Value::Unknown);
    planned.set("name", Value::Unknown);
    let seen = project(&attributes, "", &live, &planned, View::Owned);
    assert_eq!(seen.get("alias"), &"iron-sponge".into());
    assert_eq!(seen.get("name").as_str(), live["metadata"]["name"].as_str());
}

#[test]
fn freight_has_one_artifact_of_each_repository() {
    let found = |freight: Freight| {
        let mut diagnostics = Diagnostics::default();
        Freight::validate(&freight, &mut diagnostics);
        diagnostics.iter().map(|found| found.path.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found(recorded()), [""; 0]);
    let none = Freight { commits: Attr::Null, images: Vec::new().into(), ..recorded() };
    assert_eq!(found(none.clone()), ["commits"]);
    assert_eq!(found(Freight { charts: Attr::Unknown, ..none }), [""; 0]);
    let mut twice = recorded();
    twice.images = twice.images.map(|mut images| {
        images.push(Image { tag: text("2"), ..images[0].clone() });
        images
    });
    assert_eq!(found(twice), ["images[1].repo_url"]);
}
