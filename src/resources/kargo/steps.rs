//! The steps of a promotion, as one dynamic value.
//!
//! A step's `config` is whatever the step takes, so that no schema can hold a
//! list of steps: the list is of dynamic type, and its shape is checked here.
//! What Kargo defines is spelled like any other attribute, in snake case; what
//! is within `config` is passed on untouched.
//!
//! Source of the shape: the `PromotionStep` of Kargo's custom resource
//! definitions, and the rules of its Stage webhook.

mod check;
pub(super) mod spelling;

use serde_json::{Map, Value as Json};

pub use check::check;

use crate::framework::schema::{Form, Same};
use crate::framework::{Dynamic, Error, Result, Value, checks, json, newtype};

use super::{duration, filled, variable_name};

/// Where steps stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    /// In the promotion template of a stage, where steps may insert tasks.
    Template,
    /// In a promotion task, which inserts no other.
    Task,
}

/// A list of promotion steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps(pub Dynamic);

newtype!(Steps(Dynamic), |attribute| {
    attribute.api.form = Form::Custom { write, read };
    attribute.same = Same::Whole(same);
});

/// A field of a step, or of an object within it.
#[derive(Debug)]
pub struct Field {
    /// Its name here.
    pub name: &'static str,
    /// Its name in the API.
    pub api: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// What it holds.
    pub shape: Shape,
}

/// What a field holds.
#[derive(Debug)]
pub enum Shape {
    /// Text that passes a rule.
    Text(fn(&str) -> Result<(), String>),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Text; a number or a truth value is taken for its text.
    Scalar,
    /// True or false.
    Bool,
    /// A whole number of at least 0.
    Count,
    /// A duration in Go's notation.
    Duration,
    /// An object of any content.
    Config,
    /// An object with these fields.
    Object(&'static [Field]),
    /// A list of objects with these fields.
    List(&'static [Field]),
}

const fn field(name: &'static str, api: &'static str, shape: Shape) -> Field {
    Field { name, api, required: false, shape }
}

const fn required(name: &'static str, shape: Shape) -> Field {
    Field { name, api: name, required: true, shape }
}

/// A step.
pub static STEP: [Field; 8] = [
    field("uses", "uses", Shape::Text(filled)),
    field("task", "task", Shape::Object(&TASK)),
    field("as", "as", Shape::Text(|_| Ok(()))),
    field("if", "if", Shape::Text(|_| Ok(()))),
    field("continue_on_error", "continueOnError", Shape::Bool),
    field("retry", "retry", Shape::Object(&RETRY)),
    field("vars", "vars", Shape::List(&VARIABLE)),
    field("config", "config", Shape::Config),
];

static TASK: [Field; 2] = [
    required("name", Shape::Text(checks::dns_subdomain)),
    field("kind", "kind", Shape::OneOf(&["PromotionTask", "ClusterPromotionTask"])),
];

static RETRY: [Field; 2] = [
    field("timeout", "timeout", Shape::Duration),
    field("error_threshold", "errorThreshold", Shape::Count),
];

static VARIABLE: [Field; 2] =
    [required("name", Shape::Text(variable_name)), field("value", "value", Shape::Scalar)];

/// The steps as the API has them.
///
/// What is null is left out, and so is what says nothing (an empty text, a
/// false, a zero, an empty list): Kargo's webhook would drop it. Durations are
/// written in its form. Steps that are sent thus come back as they are.
///
/// # Errors
/// When a part is unknown.
pub fn steps_to_json(steps: &Dynamic) -> Result<Json> {
    match json::from_value(&spelling::of_the_api(&steps.value))? {
        Json::Array(steps) => Ok(steps.into_iter().map(|step| tidy_object(step, &STEP)).collect()),
        _ => Err(Error::invalid("the steps are no list")),
    }
}

/// The steps of the API as a value of the type that Terraform would infer.
///
/// # Errors
/// When they are no list.
pub fn steps_from_json(steps: &Json) -> Result<Dynamic> {
    match steps {
        Json::Array(steps) => {
            let steps = steps.iter().map(|step| object_from_api(step, &STEP)).collect();
            Ok(json::to_dynamic(&steps))
        }
        _ => Err(Error::invalid("the steps are no list")),
    }
}

/// Whether they are the same to the API: `5m` and `5m0s` are.
fn same(a: &Value, b: &Value) -> bool {
    let (a, b) = (write(a), write(b));
    matches!((a, b), (Ok(a), Ok(b)) if json::same(&a, &b))
}

fn write(value: &Value) -> Result<Json> {
    match value {
        Value::Dynamic(steps) => steps_to_json(steps),
        _ => Err(Error::bug("the steps have no type")),
    }
}

fn read(json: &Json) -> Result<Value> {
    steps_from_json(json).map(|steps| Value::Dynamic(Box::new(steps)))
}

fn tidy_object(object: Json, fields: &[Field]) -> Json {
    let Json::Object(object) = object else { return object };
    let object = object.into_iter().filter_map(|(key, value)| {
        let value = match fields.iter().find(|field| field.api == key) {
            Some(field) => tidy(value, &field.shape)?,
            // Read from an API that is newer than this list, and given back as it was.
            None => value,
        };
        Some((key, value))
    });
    Json::Object(object.collect())
}

/// The value of a field; `None` when it says nothing.
fn tidy(value: Json, shape: &Shape) -> Option<Json> {
    let value = match (shape, value) {
        (_, Json::Null) => return None,
        (Shape::Config, config) => return Some(config),
        (Shape::Duration, Json::String(text)) => Json::String(duration::canonical(&text)),
        (Shape::Object(fields), object) => tidy_object(object, fields),
        (Shape::List(fields), Json::Array(elements)) => {
            elements.into_iter().map(|element| tidy_object(element, fields)).collect()
        }
        (_, value) => value,
    };
    let says_nothing = match &value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(number) => number.as_i64() == Some(0),
        Json::String(text) => text.is_empty(),
        Json::Array(elements) => elements.is_empty(),
        Json::Object(fields) => fields.is_empty(),
    };
    (!says_nothing).then_some(value)
}

fn object_from_api(object: &Json, fields: &[Field]) -> Json {
    let Json::Object(object) = object else { return object.clone() };
    let object: Map<_, _> = object
        .iter()
        .map(|(key, value)| match fields.iter().find(|field| field.api == key) {
            Some(field) => (field.name.to_owned(), from_api(value, &field.shape)),
            None => (key.clone(), value.clone()),
        })
        .collect();
    Json::Object(object)
}

fn from_api(value: &Json, shape: &Shape) -> Json {
    match (shape, value) {
        (Shape::Object(fields), object) => object_from_api(object, fields),
        (Shape::List(fields), Json::Array(elements)) => {
            elements.iter().map(|element| object_from_api(element, fields)).collect()
        }
        (_, value) => value.clone(),
    }
}

#[cfg(test)]
mod tests;
