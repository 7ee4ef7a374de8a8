//! Secrets of a cluster: what those of Argo CD and of Kargo have in common.
//!
//! Neither has kinds of its own for what is secret: they find Secrets by a
//! label, and read texts out of their data. Each secret has two forms in a
//! configuration: one that is kept in the state, and a write-only one.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use crate::clients::kube::LAST_APPLIED;
use crate::framework::api::{self, View};
use crate::framework::checks::Finding;
use crate::framework::schema::{Attribute, Kind, Nesting};
use crate::framework::ty::Type;
use crate::framework::{Context, Diagnostics, Error, Object, Path, Result, Value};

/// Where the data is, as attributes without a place of their own see it.
pub const DATA: &str = "/data";

/// Makes a Secret of its metadata: `type` and base64 `data` are added.
///
/// `data` and not `stringData`: of what was applied by `stringData`, nothing is
/// ever removed again.
pub fn complete(secret: &mut Json, data: BTreeMap<String, String>) {
    secret["apiVersion"] = "v1".into();
    secret["kind"] = "Secret".into();
    secret["type"] = "Opaque".into();
    let encoded = data.into_iter().map(|(key, text)| (key, STANDARD.encode(text).into()));
    secret["data"] = encoded.collect::<Map<_, _>>().into();
}

/// The metadata of a live Secret, without what is not for users to configure.
pub fn metadata(live: &Json) -> Json {
    let mut metadata = live["metadata"].clone();
    strip(&mut metadata["annotations"], &[LAST_APPLIED]);
    metadata
}

/// A Secret whose metadata and keys are the attributes of a model.
///
/// # Errors
/// When a value is unknown.
pub fn render(attributes: &[Attribute], values: &Value) -> Result<Json> {
    let mut secret = api::render(attributes, DATA, &sent(attributes, values))?;
    let fields = secret["data"].as_object().cloned().unwrap_or_default();
    let data = fields.into_iter().map(|(key, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (key, text)
    });
    complete(&mut secret, data.collect());
    Ok(secret)
}

/// What of a Secret the state shows, whose keys are the attributes of a model;
/// `metadata` is what is looked at of its metadata.
///
/// # Errors
/// When a value that is looked at is no text.
pub fn project(
    attributes: &[Attribute],
    live: &Json,
    metadata: &Json,
    prior: &Value,
    view: View,
) -> Result<Value> {
    let mut plain = json!({ "metadata": metadata });
    for attribute in attributes {
        let Some(key) = attribute.api.field.filter(|field| !field.starts_with('/')) else {
            continue;
        };
        let ours = !prior.get(attribute.name).is_null();
        if ours || view == View::Whole {
            plain["data"][key] = text(live, key)?.map_or(Json::Null, |text| typed(attribute, text));
        }
    }
    let mut seen = api::project(attributes, DATA, &plain, prior, view);
    // The one for keys of any name, which may be those of other attributes as well.
    for attribute in attributes.iter().filter(|attribute| attribute.api.field == Some(DATA)) {
        let mut texts = Object::new();
        for key in prior.get(attribute.name).as_object().into_iter().flat_map(Object::keys) {
            if let Some(text) = text(live, key)? {
                texts.insert(key.clone(), text.into());
            }
        }
        let ours = !prior.get(attribute.name).is_null();
        seen.set(attribute.name, if ours { Value::Object(texts) } else { Value::Null });
    }
    hold_back(attributes, prior, &mut seen);
    Ok(seen)
}

/// The text under a key of a live Secret.
///
/// # Errors
/// When it is no text; what it is instead is not quoted.
pub fn text(secret: &Json, key: &str) -> Result<Option<String>> {
    let Json::String(encoded) = &secret["data"][key] else { return Ok(None) };
    let bytes = STANDARD.decode(encoded).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map(Some)
        .ok_or_else(|| Error::invalid("the value is not base64 of text"))
        .context(|| format!("reading the key {key:?} of the Secret"))
}

/// A text as Go programs read it for a value of that type: what is no number is
/// none.
fn typed(attribute: &Attribute, text: String) -> Json {
    match attribute.kind {
        Kind::Plain(Type::Bool) => {
            matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True").into()
        }
        Kind::Plain(Type::Number) => text.parse::<i64>().map_or(Json::Null, Json::from),
        _ => text.into(),
    }
}

/// Takes keys out of a map, and the map with the last of them: an import would
/// show an empty one that nobody has written.
pub fn strip(map: &mut Json, keys: &[&str]) {
    let Json::Object(fields) = map else { return };
    let before = fields.len();
    fields.retain(|key, _| !keys.contains(&key.as_str()));
    if fields.is_empty() && before > 0 {
        *map = Json::Null;
    }
}

/// The attributes that hold a secret in its write-only form, with the name of
/// the one that holds it in the form that is kept.
fn twins(attributes: &[Attribute]) -> impl Iterator<Item = (&'static str, &'static str)> {
    let write_only = attributes.iter().filter(|attribute| attribute.write_only);
    write_only.filter_map(|attribute| Some((attribute.name, attribute.name.strip_suffix("_wo")?)))
}

/// The nested objects, by name.
fn nested(attributes: &[Attribute]) -> impl Iterator<Item = (&'static str, &[Attribute])> {
    attributes.iter().filter_map(|attribute| match &attribute.kind {
        Kind::Nested(Nesting::Single, inner) => Some((attribute.name, inner.as_slice())),
        _ => None,
    })
}

/// The values with every write-only secret in the place of its other form.
pub fn sent(attributes: &[Attribute], values: &Value) -> Value {
    let mut sent = values.clone();
    for (write_only, plain) in twins(attributes) {
        if !values.get(write_only).is_null() {
            sent.set(plain, values.get(write_only).clone());
        }
    }
    for (name, inner) in nested(attributes) {
        if values.get(name).as_object().is_some() {
            sent.set(name, self::sent(inner, values.get(name)));
        }
    }
    sent
}

/// Takes out of what was seen the secrets that the state does not have: what was
/// given in the write-only form, or is imported, does not enter it.
pub fn hold_back(attributes: &[Attribute], prior: &Value, seen: &mut Value) {
    for (_, plain) in twins(attributes) {
        if prior.get(plain).is_null() {
            seen.set(plain, Value::Null);
        }
    }
    for (name, inner) in nested(attributes) {
        let mut held = seen.get(name).clone();
        if held.as_object().is_some() {
            hold_back(inner, prior.get(name), &mut held);
            seen.set(name, held);
        }
    }
}

/// Findings about secrets, moved to the form in which each is written.
pub fn as_written(attributes: &[Attribute], values: &Value, found: Vec<Finding>) -> Vec<Finding> {
    let moved = |mut finding: Finding| {
        let written = twins(attributes).find(|(write_only, plain)| {
            finding.path == Path::attribute(*plain)
                && values.get(plain).is_null()
                && !values.get(write_only).is_null()
        });
        if let Some((write_only, _)) = written {
            finding.path = Path::attribute(write_only);
        }
        finding
    };
    found.into_iter().map(moved).collect()
}

/// Checks the forms of the secrets: one form each, the write-only one with its
/// version.
pub fn check(attributes: &[Attribute], values: &Value, at: &Path, diagnostics: &mut Diagnostics) {
    for (write_only, plain) in twins(attributes) {
        let version = format!("{write_only}_version");
        let is_set = |name: &str| !values.get(name).is_null();
        if is_set(plain) && is_set(write_only) {
            diagnostics.invalid(
                at.field(write_only),
                "Two values for one secret",
                format!("Set either {plain} or {write_only}, and not both."),
            );
        }
        if is_set(write_only) != is_set(&version) {
            let (there, missing) = if is_set(write_only) {
                (write_only, version.as_str())
            } else {
                (version.as_str(), write_only)
            };
            diagnostics.invalid(
                at.field(there),
                "A write-only secret and its version belong together",
                format!(
                    "{there} is set and {missing} is not. The value of {write_only} is kept \
                     nowhere; a change of {version} tells that it is a new one."
                ),
            );
        }
    }
    for (name, inner) in nested(attributes) {
        check(inner, values.get(name), &at.field(name), diagnostics);
    }
}
