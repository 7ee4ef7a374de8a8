//! The plan engine: from a configuration and a prior state to a planned state.
//!
//! Pure functions on values and schemas. What core asserts of a plan holds by
//! construction: a configured value is planned as written, or as the state
//! spells the same meaning; an unset one is planned as null, its default, what
//! the state holds, or unknown when the provider will set it; and the same
//! input always gives the same plan.

use super::path::Path;
use super::schema::{Attribute, Kind, Nesting, Replace};
use super::value::{Object, Value};

mod generate;

pub use generate::generate;

/// What is planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The planned state.
    pub value: Value,
    /// The attributes whose change makes a new object.
    pub replace: Vec<Path>,
}

/// Plans a create (`prior` is `None`) or an update.
pub fn plan(attributes: &[Attribute], prior: Option<&Value>, config: &Value) -> Planned {
    let mut value = merge_object(attributes, config, prior);
    let mut replace = Vec::new();
    if let Some(prior) = prior
        && value != *prior
    {
        // Something changes, so the provider may set its own attributes anew.
        forget_computed(attributes, config, &mut value);
        replaced(attributes, config, prior, &value, &Path::root(), &mut replace);
    }
    Planned { value, replace }
}

fn merge_object(attributes: &[Attribute], config: &Value, prior: Option<&Value>) -> Value {
    let merged: Object = attributes
        .iter()
        .map(|attr| {
            let prior = prior.map(|prior| prior.get(attr.name));
            (attr.name.to_owned(), merge(attr, config.get(attr.name), prior))
        })
        .collect();
    Value::Object(merged)
}

fn merge(attr: &Attribute, config: &Value, prior: Option<&Value>) -> Value {
    if attr.write_only {
        return Value::Null;
    }
    if config.is_null() {
        return match (&attr.default, prior) {
            (Some(default), _) => default.clone(),
            (None, Some(prior)) if attr.is_computed() => prior.clone(),
            (None, None) if attr.is_computed() => Value::Unknown,
            // A null of a dynamic attribute has a type, which the plan must keep.
            _ if matches!(config, Value::Dynamic(_)) => config.clone(),
            _ => attr.absent(),
        };
    }
    let prior = prior.filter(|prior| !prior.is_null());
    match (&attr.kind, config) {
        (Kind::Nested(Nesting::Single, attributes), Value::Object(_)) => {
            merge_object(attributes, config, prior)
        }
        (Kind::Nested(Nesting::Map, attributes), Value::Object(elements)) => elements
            .iter()
            .map(|(key, element)| {
                let prior = prior.map(|prior| prior.get(key)).filter(|prior| !prior.is_null());
                (key.clone(), merge_element(attributes, element, prior))
            })
            .collect(),
        (Kind::Nested(nesting, attributes), Value::List(elements)) => {
            let before = prior.and_then(Value::as_list).unwrap_or_default();
            let merged = elements.iter().enumerate().map(|(at, element)| {
                let prior = match nesting {
                    Nesting::Set => before.iter().find(|prior| covers(attributes, element, prior)),
                    _ => before.get(at),
                };
                merge_element(attributes, element, prior)
            });
            let mut merged: Vec<_> = merged.collect();
            if *nesting == Nesting::Set {
                merged.sort();
            }
            Value::List(merged)
        }
        _ => match prior {
            Some(prior) if attr.same(config, prior) => prior.clone(),
            _ => config.clone(),
        },
    }
}

fn merge_element(attributes: &[Attribute], config: &Value, prior: Option<&Value>) -> Value {
    match config {
        Value::Object(_) => merge_object(attributes, config, prior),
        null_or_unknown => null_or_unknown.clone(),
    }
}

/// Whether `prior` has everything that `config` sets.
fn covers(attributes: &[Attribute], config: &Value, prior: &Value) -> bool {
    attributes.iter().all(|attr| {
        let (config, prior) = (config.get(attr.name), prior.get(attr.name));
        (config.is_null() && attr.is_computed()) || attr.same(config, prior)
    })
}

/// Makes unknown what the provider sets anew at an update.
fn forget_computed(attributes: &[Attribute], config: &Value, planned: &mut Value) {
    let Value::Object(planned) = planned else { return };
    for attr in attributes {
        let config = config.get(attr.name);
        let Some(value) = planned.get_mut(attr.name) else { continue };
        if config.is_null() {
            if attr.is_computed() && !attr.stable && attr.default.is_none() {
                *value = Value::Unknown;
            }
            continue;
        }
        match (&attr.kind, config, value) {
            (Kind::Nested(Nesting::Single, inner), Value::Object(_), value) => {
                forget_computed(inner, config, value);
            }
            (Kind::Nested(Nesting::Map, inner), Value::Object(_), Value::Object(elements)) => {
                for (key, element) in elements {
                    forget_computed(inner, config.get(key), element);
                }
            }
            (Kind::Nested(Nesting::List, inner), Value::List(config), Value::List(elements)) => {
                for (config, element) in config.iter().zip(elements) {
                    forget_computed(inner, config, element);
                }
            }
            // Elements of a set are told apart by their values: a computed one
            // keeps what it has until the object is made anew.
            _ => {}
        }
    }
}

fn replaced(
    attributes: &[Attribute],
    config: &Value,
    prior: &Value,
    planned: &Value,
    at: &Path,
    paths: &mut Vec<Path>,
) {
    for attr in attributes {
        let config = config.get(attr.name);
        let (prior, planned) = (prior.get(attr.name), planned.get(attr.name));
        if prior == planned {
            continue;
        }
        let path = at.field(attr.name);
        match attr.replace {
            Replace::Always => paths.push(path),
            Replace::IfConfigured if !config.is_null() => paths.push(path),
            _ => match &attr.kind {
                Kind::Nested(Nesting::Single, inner) if !planned.is_null() && !prior.is_null() => {
                    replaced(inner, config, prior, planned, &path, paths);
                }
                Kind::Nested(Nesting::Single, inner) if replaces(inner) => paths.push(path),
                _ => {}
            },
        }
    }
}

/// Whether a change of any of these makes a new object.
fn replaces(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attr| attr.replace == Replace::Always)
}

/// The state after an apply: what was planned, with the unknown filled in.
///
/// Core compares the two, so a planned value stays as it is even where the API
/// answered with another spelling; a true difference shows at the next refresh.
pub fn settle(attributes: &[Attribute], planned: &Value, actual: Value) -> Value {
    let Value::Object(mut actual) = actual else { return planned.clone().without_unknowns() };
    let settled: Object = attributes
        .iter()
        .map(|attr| {
            let actual = actual.remove(attr.name).unwrap_or_default();
            (attr.name.to_owned(), settle_value(attr, planned.get(attr.name), actual))
        })
        .collect();
    Value::Object(settled)
}

fn settle_value(attr: &Attribute, planned: &Value, actual: Value) -> Value {
    if attr.write_only {
        return Value::Null;
    }
    if planned.is_wholly_known() {
        return planned.clone();
    }
    match (&attr.kind, planned, actual) {
        // Without what is write-only in it.
        (_, Value::Unknown, actual) => refresh_value(attr, &Value::Null, actual).without_unknowns(),
        (Kind::Nested(Nesting::Single, inner), planned, actual @ Value::Object(_)) => {
            settle(inner, planned, actual)
        }
        (Kind::Nested(Nesting::List, inner), Value::List(planned), Value::List(actual))
            if planned.len() == actual.len() =>
        {
            planned
                .iter()
                .zip(actual)
                .map(|(planned, actual)| settle(inner, planned, actual))
                .collect()
        }
        (Kind::Nested(Nesting::Map, inner), Value::Object(planned), Value::Object(mut actual)) => {
            planned
                .iter()
                .map(|(key, planned)| {
                    let actual = actual.remove(key).unwrap_or_default();
                    (key.clone(), settle(inner, planned, actual))
                })
                .collect()
        }
        (Kind::Nested(Nesting::Set, inner), Value::List(planned), Value::List(mut actual)) => {
            let settled = planned.iter().map(|planned| {
                let found = actual.iter().position(|actual| fits(inner, planned, actual));
                settle(inner, planned, found.map_or(Value::Null, |at| actual.remove(at)))
            });
            let mut settled: Vec<_> = settled.collect();
            settled.sort();
            Value::List(settled)
        }
        (Kind::Plain(_), _, actual) if !actual.is_null() => actual.without_unknowns(),
        // Elements that came or went: core takes none but the planned ones.
        (_, planned, _) => planned.clone().without_unknowns(),
    }
}

/// Whether `actual` may be what was planned, as far as that was known.
fn fits(attributes: &[Attribute], planned: &Value, actual: &Value) -> bool {
    attributes.iter().all(|attr| {
        let (planned, actual) = (planned.get(attr.name), actual.get(attr.name));
        !planned.is_wholly_known() || attr.same(planned, actual)
    })
}

/// The state after a refresh: what was read, spelled as the state spelled it
/// where both mean the same.
pub fn refresh(attributes: &[Attribute], prior: &Value, read: Value) -> Value {
    let Value::Object(mut read) = read else { return read };
    let refreshed: Object = attributes
        .iter()
        .map(|attr| {
            let read = read.remove(attr.name).unwrap_or_default();
            (attr.name.to_owned(), refresh_value(attr, prior.get(attr.name), read))
        })
        .collect();
    Value::Object(refreshed)
}

fn refresh_value(attr: &Attribute, prior: &Value, read: Value) -> Value {
    if attr.write_only {
        return Value::Null;
    }
    if read.is_null() {
        return attr.absent();
    }
    if attr.same(prior, &read) {
        return prior.clone();
    }
    match (&attr.kind, read) {
        // Nothing and an empty collection are the same thing to most APIs.
        (_, Value::List(read)) if read.is_empty() && prior.is_null() && !attr.is_computed() => {
            attr.absent()
        }
        (_, Value::Object(read)) if read.is_empty() && prior.is_null() && !attr.is_computed() => {
            Value::Null
        }
        (Kind::Nested(Nesting::Single, inner), read) => refresh(inner, prior, read),
        (Kind::Nested(Nesting::List, inner), Value::List(read)) => {
            let before = prior.as_list().unwrap_or_default();
            let none = Value::Null;
            read.into_iter()
                .enumerate()
                .map(|(at, read)| refresh(inner, before.get(at).unwrap_or(&none), read))
                .collect()
        }
        (Kind::Nested(Nesting::Set, inner), Value::List(read)) => {
            let before = prior.as_list().unwrap_or_default();
            let none = Value::Null;
            let mut values: Vec<_> = read
                .into_iter()
                .map(|read| {
                    let prior = before.iter().find(|prior| covers(inner, prior, &read));
                    refresh(inner, prior.unwrap_or(&none), read)
                })
                .collect();
            values.sort();
            Value::List(values)
        }
        (Kind::Nested(Nesting::Map, inner), Value::Object(read)) => read
            .into_iter()
            .map(|(key, read)| {
                let read = refresh(inner, prior.get(&key), read);
                (key, read)
            })
            .collect(),
        // A map keeps the spelling of each element that means the same.
        (Kind::Plain(_), Value::Object(read)) => read
            .into_iter()
            .map(|(key, read)| {
                let before = prior.get(&key);
                let kept = if attr.same(before, &read) { before.clone() } else { read };
                (key, kept)
            })
            .collect(),
        (_, read) => read,
    }
}

#[cfg(test)]
mod tests;
