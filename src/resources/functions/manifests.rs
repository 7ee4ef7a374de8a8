//! What the functions for manifests have in common.

use serde_json::Value as Json;

use crate::framework::checks::SERVER_METADATA;
use crate::framework::{Error, Result, json, yaml};

/// The objects in a YAML text, without what only an API server writes. A list is its items.
pub(super) fn objects(text: &str) -> Result<Vec<Json>> {
    let mut found = Vec::new();
    for (at, document) in yaml::documents(text)?.into_iter().enumerate() {
        let is_list = document["kind"].as_str().is_some_and(|kind| kind.ends_with("List"));
        match document {
            Json::Object(mut list) if is_list && list.get("items").is_some_and(Json::is_array) => {
                let items = list.remove("items").unwrap_or_default();
                for (item, object) in items.as_array().into_iter().flatten().enumerate() {
                    let which = || format!("item {} of document {}", item + 1, at + 1);
                    found.push(object_of(object.clone(), which)?);
                }
            }
            document => found.push(object_of(document, || format!("document {}", at + 1))?),
        }
    }
    Ok(found)
}

fn object_of(document: Json, which: impl Fn() -> String) -> Result<Json> {
    let Json::Object(mut object) = document else {
        return Err(Error::invalid(format!("{} is no object", which())));
    };
    for name in ["apiVersion", "kind"] {
        if !object.get(name).is_some_and(Json::is_string) {
            return Err(Error::invalid(format!("{} has no {name}", which())));
        }
    }
    object.remove("status");
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.retain(|name, _| !SERVER_METADATA.contains(&name.as_str()));
    }
    Ok(json::without_nulls(Json::Object(object)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_writes_is_left_out_and_lists_are_taken_apart() {
        let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  \
                    metadata: {name: a, uid: x, creationTimestamp: null}\n  data: {a: b, c: null}\n  \
                    status: {}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n";
        assert_eq!(
            objects(text).unwrap(),
            [
                json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},
                       "data": {"a": "b"}}),
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "b"}}),
            ]
        );
    }

    #[test]
    fn what_is_no_manifest_is_named() {
        for (text, says) in [
            ("kind: A\n", "document 1 has no apiVersion"),
            ("apiVersion: v1\nkind: A\n---\napiVersion: v1\n", "document 2 has no kind"),
            ("- a\n", "document 1 is no object"),
            ("kind: List\nitems: [1]\n", "item 1 of document 1 is no object"),
        ] {
            let error = objects(text).unwrap_err();
            assert!(error.message().contains(says), "{error}");
        }
    }
}
