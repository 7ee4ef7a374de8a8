//! Every scalar that a configuration sets and somebody else changes shows in a plan, and nothing else
//! does.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::support::cli::Workspace;
use crate::support::sandbox::{Objects, kinds};

const ARGO_CD: &str = "argoproj.io/v1alpha1";

/// What is changed, one object of each at a time.
const KINDS: [(&str, &str); 3] = [
    ("gitops_application.this", "Application"),
    ("gitops_application_set.this", "ApplicationSet"),
    ("gitops_app_project.this", "AppProject"),
];

#[tokio::test]
async fn every_scalar_that_somebody_changes_shows_alone() {
    let sandbox = kinds().await;
    let workspace = Workspace::of(sandbox.of(), "scalars", "tests/fixtures/scalars");
    workspace.init().await;
    workspace.apply().await.succeeded();
    workspace.plan().await.shows_no_changes();

    let objects = KINDS.map(|(address, kind)| {
        let objects = Objects::new(&sandbox, ARGO_CD, kind, Some(workspace.prefix()));
        (address, objects.by("somebody"))
    });
    let mut left = Vec::new();
    for (address, objects) in &objects {
        let live = objects.get("shop").await;
        let mut all = Vec::new();
        for part in ["/spec", "/metadata/labels", "/metadata/annotations"] {
            scalars(live.pointer(part).unwrap_or(&Json::Null), part, &mut all);
        }
        left.push((*address, objects, live, all));
    }
    let all: usize = left.iter().map(|(.., scalars)| scalars.len()).sum();
    assert!(all > 60, "only {all} scalars");

    let mut rounds = 0;
    loop {
        let mut expected = BTreeMap::new();
        for (address, objects, live, scalars) in &mut left {
            let Some(pointer) = scalars.pop() else { continue };
            objects.patch("shop", &patch(live, &pointer, changed)).await;
            expected.insert((*address).to_owned(), pointer);
        }
        if expected.is_empty() {
            break;
        }
        let changes = workspace.planned().await.changes();
        let addresses = |map: &BTreeMap<_, _>| map.keys().cloned().collect::<Vec<String>>();
        let shown: Vec<_> = changes.keys().cloned().collect();
        assert_eq!(shown, addresses(&expected), "{expected:?} shows as {changes:?}");
        for (address, pointer) in &expected {
            let [path] = &changes[address][..] else {
                panic!("{address}: {pointer} shows as {:?}", changes[address])
            };
            let of_spec = pointer.strip_prefix("/spec");
            let place = of_spec.or_else(|| pointer.strip_prefix("/metadata")).unwrap_or(pointer);
            assert_eq!(bare(path), bare(place), "{address}");
        }
        for (address, objects, live, _) in &left {
            if let Some(pointer) = expected.get(*address) {
                objects.patch("shop", &patch(live, pointer, Json::clone)).await;
            }
        }
        rounds += 1;
    }
    eprintln!("{all} scalars in {rounds} rounds");
    workspace.plan().await.shows_no_changes();
    workspace.destroy().await.succeeded();
}

/// The scalars in a document, as JSON pointers.
fn scalars(json: &Json, at: &str, found: &mut Vec<String>) {
    match json {
        Json::Object(fields) => {
            for (key, json) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                scalars(json, &format!("{at}/{key}"), found);
            }
        }
        Json::Array(items) => {
            for (n, json) in items.iter().enumerate() {
                scalars(json, &format!("{at}/{n}"), found);
            }
        }
        Json::Null => {}
        _ => found.push(at.to_owned()),
    }
}

/// Another value of the same type.
fn changed(scalar: &Json) -> Json {
    match scalar {
        Json::Bool(value) => json!(!value),
        Json::Number(number) => json!(number.as_i64().expect("a whole number") + 1),
        Json::String(text) => json!(format!("{text}-changed")),
        other => other.clone(),
    }
}

/// The merge patch that makes a scalar of an object what `change` makes of it; a list is sent whole.
fn patch(live: &Json, pointer: &str, change: impl Fn(&Json) -> Json) -> Json {
    let mut whole = live.clone();
    let scalar = whole.pointer_mut(pointer).expect("it is there");
    *scalar = change(scalar);
    let mut patch = Json::Null;
    let mut to = &mut patch;
    let mut from = &whole;
    for step in pointer.split('/').skip(1) {
        if from.is_array() {
            break;
        }
        let key = step.replace("~1", "/").replace("~0", "~");
        from = &from[&key];
        to = &mut to[key];
    }
    *to = from.clone();
    patch
}

/// A path without what the two spellings differ in: `spec.source.repoURL` is `source.repo_url`.
fn bare(path: &str) -> String {
    let path = path.replace("~1", "");
    path.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}
