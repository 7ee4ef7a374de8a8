//! A manifest as a document: which object it is of, and what is sent of it.

use serde_json::{Map, Value as Json};

use super::spelling::{base64, text_of_base64, without_breaks};
use crate::framework::{Attr, Result, Value, json};

/// What tells the object of a manifest from all others, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    /// `v1`, `apps/v1`.
    pub(super) api_version: Attr<String>,
    /// `Deployment`.
    pub(super) kind: Attr<String>,
    /// The namespace, where the manifest has one.
    pub(super) namespace: Attr<String>,
    /// The name.
    pub(super) name: Attr<String>,
}

impl Subject {
    /// The subject of a manifest.
    pub(super) fn of(manifest: &Value) -> Self {
        let text = |names: &[&str]| match at(manifest, names) {
            Value::Unknown => Attr::Unknown,
            Value::String(text) => Attr::Known(text.clone()),
            _ => Attr::Null,
        };
        Self {
            api_version: text(&["apiVersion"]),
            kind: text(&["kind"]),
            namespace: text(&["metadata", "namespace"]),
            name: text(&["metadata", "name"]),
        }
    }
}

/// The API group of an `apiVersion`; empty for the core group.
pub(super) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// A value without the wrapping that a dynamic one has.
pub(super) fn unwrapped(value: &Value) -> &Value {
    match value {
        Value::Dynamic(dynamic) => unwrapped(&dynamic.value),
        value => value,
    }
}

/// What is at a place of a manifest; unknown where one of its parents is.
pub(super) fn at<'a>(manifest: &'a Value, names: &[&str]) -> &'a Value {
    names.iter().fold(unwrapped(manifest), |value, name| match value {
        Value::Unknown => value,
        value => unwrapped(value.get(name)),
    })
}

/// A manifest as JSON, with its nulls.
///
/// # Errors
/// When a part is unknown.
pub(super) fn document(manifest: &Value) -> Result<Json> {
    json::from_value(manifest)
}

/// What is sent of a manifest: without its nulls, which stand for nothing at all, and with what is
/// kept nowhere put into it. A Secret's `stringData` is put into its `data`, since of what was
/// applied by `stringData` nothing is ever removed again.
///
/// # Errors
/// When a part is unknown.
pub(super) fn sent(manifest: &Value, secret: &Value) -> Result<Json> {
    let mut content = json::without_nulls(document(manifest)?);
    if !secret.is_null() {
        merge(&mut content, json::without_nulls(document(secret)?));
    }
    fold(&mut content);
    Ok(content)
}

/// A document in the one form in which two of the same meaning are equal but for single values.
pub(super) fn canonical(document: &Json) -> Json {
    let mut document = json::without_nulls(document.clone());
    fold(&mut document);
    document
}

/// Puts one document into another: objects into objects, and everything else in place of what is
/// there.
fn merge(into: &mut Json, other: Json) {
    match (into, other) {
        (Json::Object(into), Json::Object(other)) => {
            for (name, value) in other {
                merge(into.entry(name).or_insert(Json::Null), value);
            }
        }
        (into, other) => *into = other,
    }
}

/// Whether a document is of a Secret, in which texts can be written as such.
pub(super) fn is_secret(document: &Json) -> bool {
    document["apiVersion"] == "v1" && document["kind"] == "Secret"
}

fn fold(document: &mut Json) {
    if !is_secret(document) {
        return;
    }
    if let Some(data) = document.get_mut("data").and_then(Json::as_object_mut) {
        for value in data.values_mut() {
            if let Json::String(text) = value {
                *text = without_breaks(text);
            }
        }
    }
    let texts = document.as_object_mut().and_then(|document| document.remove("stringData"));
    let Some(Json::Object(texts)) = texts else { return };
    for (key, text) in texts {
        let data = text.as_str().map_or(text.clone(), |text| base64(text).into());
        document["data"][key] = data;
    }
}

/// A live object as a manifest would show it that says `ours` of it: a Secret has its texts in
/// `stringData`, too, where the manifest has them there.
pub(super) fn comparable(ours: &Json, live: &Json) -> Json {
    let mut live = live.clone();
    if !is_secret(ours) {
        return live;
    }
    let keys = ours["stringData"].as_object();
    for key in keys.into_iter().flat_map(Map::keys) {
        if let Some(data) = live["data"][key].as_str() {
            let text = text_of_base64(data).unwrap_or_else(|| data.to_owned());
            live["stringData"][key] = text.into();
        }
    }
    for (key, value) in ours["data"].as_object().into_iter().flatten() {
        let found = live["data"][key].as_str().zip(value.as_str());
        if found.is_some_and(|(live, ours)| live == without_breaks(ours)) {
            live["data"][key] = value.clone();
        }
    }
    live
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(json: &Json) -> Value {
        Value::Dynamic(Box::new(json::to_dynamic(json)))
    }

    #[test]
    fn the_subject_is_known_as_far_as_the_manifest_is() {
        let whole = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "namespace": null},
        });
        let known = |text: &str| Attr::Known(text.to_owned());
        let subject = Subject::of(&manifest(&whole));
        assert_eq!((subject.api_version, subject.kind), (known("apps/v1"), known("Deployment")));
        assert_eq!((subject.namespace, subject.name), (Attr::Null, known("a")));

        let mut partly = json::to_dynamic(&whole);
        partly.value.set("metadata", Value::Unknown);
        let subject = Subject::of(&Value::Dynamic(Box::new(partly)));
        assert_eq!((subject.namespace, subject.name), (Attr::Unknown, Attr::Unknown));
        assert_eq!(subject.kind, known("Deployment"));
        assert_eq!(Subject::of(&Value::Unknown).kind, Attr::Unknown);
        assert_eq!(Subject::of(&manifest(&json!("text"))).kind, Attr::Null);
        assert_eq!((group("apps/v1"), group("v1")), ("apps", ""));
    }

    #[test]
    fn nulls_are_not_sent_and_what_is_kept_nowhere_is_put_in() {
        let shown = json!({
            "apiVersion": "example.com/v1", "kind": "Login", "metadata": {"labels": null},
            "spec": {"user": "a", "list": [{"x": null}], "empty": {}},
        });
        let secret = json!({"spec": {"password": "b", "token": null, "list": [1]}});
        assert_eq!(
            sent(&manifest(&shown), &manifest(&secret)).unwrap(),
            json!({
                "apiVersion": "example.com/v1", "kind": "Login", "metadata": {},
                "spec": {"user": "a", "list": [1], "empty": {}, "password": "b"},
            })
        );
        assert_eq!(
            sent(&manifest(&shown), &Value::Null).unwrap()["spec"],
            json!({"user": "a", "list": [{}], "empty": {}})
        );
    }

    #[test]
    fn the_texts_of_a_secret_become_its_data_and_are_found_there() {
        let ours = json!({
            "apiVersion": "v1", "kind": "Secret", "stringData": {"a": "hello", "b": "x"},
            "data": {"c": "aGVs\nbG8="},
        });
        let content = sent(&manifest(&ours), &Value::Null).unwrap();
        assert_eq!(content["data"], json!({"a": "aGVsbG8=", "b": "eA==", "c": "aGVsbG8="}));
        assert!(content.get("stringData").is_none());
        assert_eq!(canonical(&ours), content);
        let live = json!({"data": {"a": "aGVsbG8=", "b": "eQ==", "c": "aGVsbG8=", "d": "eA=="}});
        let seen = comparable(&ours, &live);
        assert_eq!(seen["stringData"], json!({"a": "hello", "b": "y"}));
        assert_eq!(seen["data"]["c"], ours["data"]["c"]);
        let other = json!({"apiVersion": "v1", "kind": "ConfigMap", "stringData": {"a": "b"}});
        assert_eq!(canonical(&other), other);
    }
}
