//! Argo CD's Secrets: what those of clusters and of repositories have in common.
//!
//! Argo CD has no kinds of its own for them: it finds them by a label, and reads
//! texts out of their data.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::ArgocdMeta;
use crate::clients::kube::LAST_APPLIED;
use crate::framework::api::{self, View};
use crate::framework::checks::Finding;
use crate::framework::schema::{Attribute, Kind, Nesting};
use crate::framework::ty::Type;
use crate::framework::{Context, Diagnostics, Error, Model, Path, Result, Value};

/// The label by which Argo CD finds its Secrets.
pub const TYPE_LABEL: &str = "argocd.argoproj.io/secret-type";

/// Where the data is, as attributes without a place of their own see it.
pub const DATA: &str = "/data";

/// Annotations of a Secret that are nobody's to configure. The first repeats
/// the whole Secret as somebody applied it, values included.
const FOREIGN_ANNOTATIONS: [&str; 3] = [LAST_APPLIED, "argocd.argoproj.io/refresh", "managed-by"];

/// A Secret of a type: metadata, `type` and base64 `data`.
///
/// `data` and not `stringData`: of what was applied by `stringData`, nothing is
/// ever removed again.
///
/// # Errors
/// When a value of the metadata is unknown.
pub fn secret(of_type: &str, values: &Value, data: BTreeMap<String, String>) -> Result<Json> {
    let mut secret = api::render(&ArgocdMeta::attributes(), "", values)?;
    secret["apiVersion"] = "v1".into();
    secret["kind"] = "Secret".into();
    secret["type"] = "Opaque".into();
    secret["metadata"]["labels"][TYPE_LABEL] = of_type.into();
    let encoded = data.into_iter().map(|(key, text)| (key, STANDARD.encode(text).into()));
    secret["data"] = encoded.collect::<Map<_, _>>().into();
    Ok(secret)
}

/// The metadata of a live Secret, without what is not for users to configure.
///
/// # Errors
/// When the Secret is imported as one of a type that it is not.
pub fn metadata(of_type: &str, secret: &Json, view: View) -> Result<Json> {
    let mut metadata = secret["metadata"].clone();
    let found = metadata["labels"][TYPE_LABEL].as_str();
    if view == View::Whole && found != Some(of_type) {
        let found = found.map_or("none".to_owned(), |found| format!("{found:?}"));
        return Err(Error::invalid(format!(
            "the Secret is none for Argo CD of the type {of_type:?}: its label {TYPE_LABEL} is \
             {found}"
        ))
        .advise("Check its name and namespace, or import it as the type that it is."));
    }
    strip(&mut metadata["labels"], &[TYPE_LABEL]);
    strip(&mut metadata["annotations"], &FOREIGN_ANNOTATIONS);
    Ok(metadata)
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

/// A Secret whose keys are the attributes of a model, one by one.
///
/// # Errors
/// When a value is unknown.
pub fn render(of_type: &str, attributes: &[Attribute], values: &Value) -> Result<Json> {
    let values = sent(attributes, values);
    let plain = api::render(attributes, DATA, &values)?;
    let fields = plain["data"].as_object().into_iter().flatten();
    let data = fields.map(|(key, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (key.clone(), text)
    });
    secret(of_type, &values, data.collect())
}

/// What of such a Secret the state shows.
///
/// # Errors
/// When a value that is looked at is no text, or when the Secret is imported as
/// one of a type that it is not.
pub fn project(
    of_type: &str,
    attributes: &[Attribute],
    live: &Json,
    prior: &Value,
    view: View,
) -> Result<Value> {
    let mut plain = json!({"metadata": metadata(of_type, live, view)?});
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
    hold_back(attributes, prior, &mut seen);
    Ok(seen)
}

/// A text as Argo CD reads it for a value of that type: what is no number is
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
fn strip(map: &mut Json, keys: &[&str]) {
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
