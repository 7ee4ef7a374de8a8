//! The names of the fields of steps: ours, and those of the API.

use super::{Field, STEP, Shape};
use crate::framework::{Path, Step, Value};

/// Steps with the names of the API. What is no step, and what is unknown, stays
/// as it is; a number or a truth value becomes text where the API wants text.
pub(in super::super) fn of_the_api(steps: &Value) -> Value {
    match bare(steps) {
        Value::List(steps) => steps.iter().map(|step| object(step, &STEP)).collect(),
        other => other.clone(),
    }
}

fn object(value: &Value, fields: &[Field]) -> Value {
    let Value::Object(object) = bare(value) else { return value.clone() };
    let respelled =
        |(name, value): (&String, &Value)| match fields.iter().find(|field| field.name == name) {
            Some(field) => (field.api.to_owned(), member(bare(value), &field.shape)),
            None => (name.clone(), value.clone()),
        };
    object.iter().map(respelled).collect()
}

fn member(value: &Value, shape: &Shape) -> Value {
    match (shape, value) {
        (Shape::Object(fields), value) => object(value, fields),
        (Shape::List(fields), Value::List(elements)) => {
            elements.iter().map(|element| object(element, fields)).collect()
        }
        (Shape::Scalar, Value::Number(number)) => number.to_string().into(),
        (Shape::Scalar, Value::Bool(value)) => value.to_string().into(),
        (_, value) => value.clone(),
    }
}

/// A value out of the wrapping that a dynamic one has.
fn bare(value: &Value) -> &Value {
    match value {
        Value::Dynamic(inner) => bare(&inner.value),
        value => value,
    }
}

/// The path of something in a step, from that step on, with our names for
/// those of the API.
pub(in super::super) fn of_ours(path: &[Step]) -> Path {
    let mut ours = Vec::new();
    walk(path, &STEP, &mut ours);
    ours.into_iter().collect()
}

fn walk(path: &[Step], fields: &[Field], ours: &mut Vec<Step>) {
    let field = match path.first() {
        Some(Step::Attribute(name)) => fields.iter().find(|field| field.api == name),
        _ => None,
    };
    let Some(field) = field else { return ours.extend_from_slice(path) };
    ours.push(Step::Attribute(field.name.to_owned()));
    match (&field.shape, &path[1..]) {
        (Shape::Object(fields), rest) => walk(rest, fields, ours),
        (Shape::List(fields), [index, rest @ ..]) => {
            ours.push(index.clone());
            walk(rest, fields, ours);
        }
        (_, rest) => ours.extend_from_slice(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(names: &[&str]) -> Vec<Step> {
        let step = |name: &&str| match name.parse() {
            Ok(index) => Step::Index(index),
            Err(_) => Step::Attribute((*name).to_owned()),
        };
        names.iter().map(step).collect()
    }

    #[test]
    fn a_path_is_respelled_down_to_the_config() {
        for (api, ours) in [
            (&["continueOnError"][..], "continue_on_error"),
            (&["retry", "errorThreshold"], "retry.error_threshold"),
            (&["vars", "1", "value"], "vars[1].value"),
            (&["config", "continueOnError", "0"], "config.continueOnError[0]"),
            (&["brandNew", "retry"], "brandNew.retry"),
            (&[], ""),
        ] {
            assert_eq!(of_ours(&path(api)).to_string(), ours);
        }
    }
}
