//! The template of the applications, and what of it can be checked.
//!
//! It is an application whose texts may have parameters in them. Nobody knows what
//! those will be, so every text with one counts as not known yet, and the rest is
//! held to the rules of an application.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::framework::checks::label_value;
use crate::framework::schema::{Attribute, Check, Form, Kind, Nesting};
use crate::framework::value::Object;
use crate::framework::{Attr, Model, Path, Result, Value};
use crate::resources::argocd::application::ApplicationSpec;

/// What begins a parameter.
const OPEN: &str = "{{";

/// What each application is like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct TemplateParts {
    /// Name, labels and annotations of each application.
    #[attr(required, keep_empty)]
    pub metadata: Attr<TemplateMetadata>,
    /// What each application deploys, from where, to where and how.
    #[attr(required, keep_empty)]
    pub spec: Attr<ApplicationSpec>,
}

/// Name, labels and annotations of each application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct TemplateMetadata {
    /// Name of the application. With a parameter in it, since no two may have the same.
    pub name: Attr<String>,
    /// Namespace of the application: always that of the set.
    pub namespace: Attr<String>,
    /// Labels of the application.
    #[attr(check = label_value)]
    pub labels: Attr<BTreeMap<String, String>>,
    /// Annotations of the application.
    pub annotations: Attr<BTreeMap<String, String>>,
    /// Finalizers of the application. When not set, it gets the one that deletes with the
    /// application what it has deployed, unless `preserve_resources_on_deletion` is on.
    pub finalizers: Attr<Vec<String>>,
}

/// The same with parameters in its texts: no text is held to a rule before the
/// parameters are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(pub TemplateParts);

impl Model for Template {
    const DESCRIPTION: &'static str = TemplateParts::DESCRIPTION;

    fn attributes() -> Vec<Attribute> {
        let mut attributes = TemplateParts::attributes();
        unchecked(&mut attributes);
        attributes
    }

    fn take(object: &mut Object) -> Result<Self> {
        TemplateParts::take(object).map(Self)
    }

    fn put(self, object: &mut Object) {
        self.0.put(object);
    }
}

fn unchecked(attributes: &mut [Attribute]) {
    for attr in attributes {
        // The API wants the object even when a patch is all that fills it.
        attr.api.keep_empty |= attr.name == "destination";
        if !is_json(attr) {
            attr.checks.retain(|check| !matches!(check, Check::Text(_) | Check::OneOf(_)));
        }
        if let Kind::Nested(_, inner) = &mut attr.kind {
            unchecked(inner);
        }
    }
}

/// A value in which every text with a parameter is one that is not known yet.
pub(super) fn masked(attributes: &[Attribute], value: &Value) -> Value {
    let Value::Object(fields) = value else { return value.clone() };
    let one = |attr: &Attribute, value: &Value| match &attr.kind {
        Kind::Plain(_) if is_json(attr) => value.clone(),
        Kind::Plain(_) => masked_plain(value),
        Kind::Nested(Nesting::Single, inner) => masked(inner, value),
        Kind::Nested(_, inner) => match value {
            Value::List(elements) => elements.iter().map(|value| masked(inner, value)).collect(),
            other => other.clone(),
        },
    };
    let fields = fields.iter().map(|(name, value)| {
        let attr = attributes.iter().find(|attr| attr.name == name);
        (name.clone(), attr.map_or_else(|| value.clone(), |attr| one(attr, value)))
    });
    Value::Object(fields.collect())
}

fn masked_plain(value: &Value) -> Value {
    match value {
        Value::String(text) if has_parameters(text) => Value::Unknown,
        Value::List(elements) => elements.iter().map(masked_plain).collect(),
        Value::Object(elements) => {
            elements.iter().map(|(key, value)| (key.clone(), masked_plain(value))).collect()
        }
        other => other.clone(),
    }
}

/// Whether a text has parameters in it.
pub(super) fn has_parameters(text: &str) -> bool {
    text.contains(OPEN)
}

/// Shows every known text in a value, with its place; of JSON the texts in it, at the place of the
/// whole.
pub(super) fn each_text(
    attributes: &[Attribute],
    value: &Value,
    at: &Path,
    visit: &mut dyn FnMut(&Path, &str),
) {
    for attr in attributes {
        let (value, path) = (value.get(attr.name), at.field(attr.name));
        match (&attr.kind, value) {
            (Kind::Plain(_), Value::String(text)) if is_json(attr) => {
                if let Ok(json) = serde_json::from_str(text) {
                    each_json_text(&json, &mut |text| visit(&path, text));
                }
            }
            (Kind::Plain(_), value) => each_plain_text(value, &path, visit),
            (Kind::Nested(_, inner), Value::List(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    each_text(inner, element, &path.index(index), visit);
                }
            }
            (Kind::Nested(_, inner), value) => each_text(inner, value, &path, visit),
        }
    }
}

fn each_plain_text(value: &Value, at: &Path, visit: &mut dyn FnMut(&Path, &str)) {
    match value {
        Value::String(text) => visit(at, text),
        Value::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                each_plain_text(element, &at.index(index), visit);
            }
        }
        Value::Object(elements) => {
            for (key, element) in elements {
                each_plain_text(element, &at.key(key), visit);
            }
        }
        _ => {}
    }
}

fn each_json_text(json: &Json, visit: &mut dyn FnMut(&str)) {
    match json {
        Json::String(text) => visit(text),
        Json::Array(elements) => {
            for element in elements {
                each_json_text(element, visit);
            }
        }
        Json::Object(fields) => {
            for field in fields.values() {
                each_json_text(field, visit);
            }
        }
        _ => {}
    }
}

fn is_json(attr: &Attribute) -> bool {
    matches!(attr.api.form, Form::JsonText)
}
