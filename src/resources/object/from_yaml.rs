//! Functions that turn a manifest into the attributes of its resource: one for
//! every kind.
//!
//! A manifest is read as a live object is that is imported. What is read is
//! then written again: a field that is lost on the way is none that the
//! resource knows, and an error.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use super::Kind;
use crate::clients::kube::strip_server_fields;
use crate::framework::api::View;
use crate::framework::schema::{self, Nesting};
use crate::framework::{
    Attr, AttrValue, Attribute, Error, Function, Model, Path, Result, Value, yaml,
};

/// Reads the YAML manifest of an object into the attributes of its resource, so that a migration is
/// a copy: each argument of the resource is the attribute of that name. What only the API server and
/// controllers write, such as `status`, is left out.
///
/// A field that the resource does not know is an error that names it, and so is an object of another
/// kind.
#[derive(Clone, Debug, Default, Model)]
pub struct Manifest {
    /// The manifest: one YAML or JSON document, as from `file(...)`.
    #[attr(required)]
    pub yaml: Attr<String>,
}

/// The function for a kind.
#[derive(Debug)]
pub struct FromYaml<K>(PhantomData<fn() -> K>);

impl<K: Kind> FromYaml<K> {
    const NAME_TEXT: &'static Text = &Text::of(&[K::NAME, "_from_yaml"]);
    const SUMMARY_TEXT: &'static Text =
        &Text::of(&["Attributes of gitops_", K::NAME, " from YAML"]);
    const RETURNS_TEXT: &'static Text = &Text::of(&[
        "an object with the attributes of `gitops_",
        K::NAME,
        "`, but for the block `timeouts`. What the manifest does not have is null. Secrets that the \
         resource takes in a write-only form are left out, since the result of a function is shown \
         in plans: give them as `…_wo`.",
    ]);
}

impl<K: Kind> Function for FromYaml<K> {
    type Parameters = Manifest;
    type Output = Attributes<K>;

    const NAME: &'static str = Self::NAME_TEXT.as_str();
    const SUMMARY: &'static str = Self::SUMMARY_TEXT.as_str();
    const RETURNS: &'static str = Self::RETURNS_TEXT.as_str();

    fn call(parameters: Manifest) -> Result<Attributes<K>> {
        let text = parameters.yaml.require("yaml")?;
        let document = yaml::document(text).map_err(Error::invalid);
        let values = document.and_then(read::<K>).map_err(|error| told(error).at("yaml"))?;
        Ok(Attributes { values, kind: PhantomData })
    }
}

/// An error whose path is one within the result, which is no path of an argument.
fn told(error: Error) -> Error {
    match error.path() {
        Some(path) if *path != Path::attribute("yaml") => {
            Error::invalid(format!("{path}: {}", error.message()))
        }
        _ => error,
    }
}

/// The attributes of a kind, as a function returns them.
#[derive(Clone, Debug, PartialEq)]
pub struct Attributes<K> {
    values: Value,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> AttrValue for Attributes<K> {
    fn kind() -> schema::Kind {
        schema::Kind::Nested(Nesting::Single, without_blocks(K::Model::attributes()))
    }

    fn from_known(values: Value) -> Result<Self> {
        Ok(Self { values, kind: PhantomData })
    }

    fn into_value(self) -> Value {
        self.values
    }
}

fn without_blocks(attributes: Vec<Attribute>) -> Vec<Attribute> {
    attributes.into_iter().filter(|attribute| !attribute.block).collect()
}

fn read<K: Kind>(mut document: Json) -> Result<Value> {
    let kind = || format!("{} of {}", K::OBJECT.kind, K::OBJECT.api_version);
    if !document.is_object() {
        return Err(Error::invalid(format!("the document is no {}: it has no fields", kind())));
    }
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    let (api_version, of_kind) = (text("apiVersion"), text("kind"));
    if api_version != K::OBJECT.api_version || of_kind != K::OBJECT.kind {
        return Err(Error::invalid(format!(
            "the document is a {of_kind:?} of {api_version:?}, and a {} is asked for",
            kind()
        )));
    }
    tidy(&mut document)?;
    if let Json::Object(fields) = &mut document {
        fields.retain(|name, _| !["apiVersion", "kind"].contains(&name.as_str()));
    }
    let mut attributes = without_blocks(K::Model::attributes());
    // In the order in which the values of an object are.
    attributes.sort_by_key(|attribute| attribute.name);
    let mut values = K::project(&attributes, &document, &with_secrets(&attributes), View::Whole)?;
    for attribute in K::Model::attributes().iter().filter(|attribute| attribute.block) {
        if let Value::Object(fields) = &mut values {
            fields.remove(attribute.name);
        }
    }
    let mut written = K::render(&K::Model::attributes(), &values)?;
    // Of some kinds the name follows from something else.
    if let Ok(object) = K::reference(&values) {
        let name = document["metadata"]["name"].as_str().unwrap_or_default();
        if !name.is_empty() && name != object.name {
            return Err(Error::invalid(format!(
                "the manifest's metadata.name is {name:?}, and the {} of such a resource is named \
                 {:?}",
                K::OBJECT.kind,
                object.name
            )));
        }
        written["metadata"]["name"] = object.name.into();
    }
    let mut lost = Vec::new();
    compare(&opened(document), Some(&opened(written)), "", &mut lost);
    if !lost.is_empty() {
        return Err(Error::invalid(format!(
            "there is no attribute of gitops_{} for {}",
            K::NAME,
            lost.join(", ")
        ))
        .advise(
            "The field is misspelled, is not of its type, or is none of that kind. Remove it from \
             the manifest, or keep the object in a gitops_manifest.",
        ));
    }
    forget_secrets(&attributes, &mut values);
    Ok(values)
}

/// Leaves out what others write, and has the data of a Secret in one form.
fn tidy(document: &mut Json) -> Result<()> {
    /// Annotations that tools write for themselves.
    const OF_TOOLS: [&str; 4] = [
        "kubectl.kubernetes.io/last-applied-configuration",
        "argocd.argoproj.io/refresh",
        "managed-by",
        "notified.notifications.argoproj.io",
    ];
    /// Parts of the finalizers that controllers set by themselves.
    const OF_CONTROLLERS: [&str; 2] =
        ["-delete-finalizer.argocd.argoproj.io", "kargo.akuity.io/finalizer"];
    strip_server_fields(document);
    let Json::Object(fields) = document else { return Ok(()) };
    // What an application is asked to do, once.
    fields.remove("operation");
    let encoded = fields.remove("stringData").unwrap_or_default();
    for (key, text) in encoded.as_object().into_iter().flatten() {
        let text =
            text.as_str().ok_or_else(|| Error::invalid(format!("stringData.{key} is not text")))?;
        document["data"][key] = STANDARD.encode(text).into();
    }
    if let Some(metadata) = document.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.remove("ownerReferences");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Json::as_object_mut) {
            annotations.retain(|name, _| !OF_TOOLS.contains(&name.as_str()));
        }
        if let Some(finalizers) = metadata.get_mut("finalizers").and_then(Json::as_array_mut) {
            let is_theirs = |it: &Json| {
                let name = it.as_str().unwrap_or_default();
                OF_CONTROLLERS.iter().any(|part| name.contains(part))
            };
            finalizers.retain(|finalizer| !is_theirs(finalizer));
        }
    }
    Ok(())
}

/// An object whose data is seen into: the documents that Secrets have in it.
fn opened(mut object: Json) -> Json {
    for (_, value) in object["data"].as_object_mut().into_iter().flatten() {
        let text = value.as_str().and_then(|text| STANDARD.decode(text).ok());
        let inner = text.and_then(|text| serde_json::from_slice::<Json>(&text).ok());
        if let Some(inner) = inner.filter(Json::is_object) {
            *value = inner;
        }
    }
    object
}

/// What of a document is not in another, by its path.
fn compare(document: &Json, written: Option<&Json>, at: &str, lost: &mut Vec<String>) {
    match (document, written) {
        (Json::Object(fields), written) if !fields.is_empty() => {
            for (name, value) in fields {
                let below = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                compare(value, written.and_then(|it| it.get(name)), &below, lost);
            }
        }
        (Json::Array(elements), written) if !elements.is_empty() => {
            for (index, value) in elements.iter().enumerate() {
                let written = written.and_then(|written| written.get(index));
                compare(value, written, &format!("{at}[{index}]"), lost);
            }
        }
        (value, None) if !says_nothing(value) => lost.push(at.to_owned()),
        _ => {}
    }
}

fn says_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(elements) => elements.is_empty(),
        Json::Object(fields) => fields.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// Whether there is a write-only form of the attribute.
fn has_twin(attributes: &[Attribute], attribute: &Attribute) -> bool {
    attributes
        .iter()
        .any(|other| other.write_only && other.name.strip_suffix("_wo") == Some(attribute.name))
}

/// A state that has every secret: of an import, which has none, they would be held back before it
/// is known whether there is a place for them.
fn with_secrets(attributes: &[Attribute]) -> Value {
    let value = |attribute: &Attribute| match &attribute.kind {
        schema::Kind::Nested(Nesting::Single, inner) if has_secrets(inner) => with_secrets(inner),
        _ if has_twin(attributes, attribute) => Value::String(String::new()),
        _ => Value::Null,
    };
    let values: BTreeMap<_, _> =
        attributes.iter().map(|attribute| (attribute.name.to_owned(), value(attribute))).collect();
    Value::Object(values)
}

fn has_secrets(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.kind {
        _ if attribute.write_only => true,
        schema::Kind::Nested(Nesting::Single, inner) => has_secrets(inner),
        _ => false,
    })
}

fn forget_secrets(attributes: &[Attribute], values: &mut Value) {
    for attribute in attributes {
        if has_twin(attributes, attribute) {
            values.set(attribute.name, Value::Null);
        }
        if let schema::Kind::Nested(Nesting::Single, inner) = &attribute.kind {
            let mut below = values.get(attribute.name).clone();
            if below.as_object().is_some() {
                forget_secrets(inner, &mut below);
                values.set(attribute.name, below);
            }
        }
    }
}

/// A text that is put together while compiling.
struct Text {
    bytes: [u8; 512],
    length: usize,
}

impl Text {
    const fn of(parts: &[&str]) -> Self {
        let mut text = Self { bytes: [0; 512], length: 0 };
        let mut part = 0;
        while part < parts.len() {
            let bytes = parts[part].as_bytes();
            let mut at = 0;
            while at < bytes.len() {
                text.bytes[text.length] = bytes[at];
                text.length += 1;
                at += 1;
            }
            part += 1;
        }
        text
    }

    const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => panic!("texts put together are a text"),
        }
    }
}

#[cfg(test)]
mod tests;
