//! Values as objects of an API: what is sent, and what of it is seen again.
//!
//! The rule is ownership: only what the configuration sets is sent, and only
//! that is looked at when the object is read. What controllers, webhooks and
//! people put beside it is theirs.

mod misfits;

pub use misfits::misfits;

use std::borrow::Cow;

use serde_json::{Map, Value as Json};

use super::error::{Error, Result};
use super::json;
use super::number::Number;
use super::path::Step;
use super::schema::{Attribute, Form, Kind, Nesting};
use super::ty::Type;
use super::value::{Object, Value};

/// How much of a live object is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// What the state has: a refresh.
    Owned,
    /// Everything that the schema knows: an import.
    Whole,
}

/// Writes the configured values as an API object.
///
/// Attributes without a place of their own go below `root` (`/spec`, or the
/// empty text for the object itself). What is null is left out, and so is an
/// object with nothing in it, unless its emptiness means something.
///
/// # Errors
/// When a value is unknown or cannot be written; the path says which.
pub fn render(attributes: &[Attribute], root: &str, values: &Value) -> Result<Json> {
    let mut object = Json::Object(Map::new());
    for attr in attributes {
        // What only the API sets is never sent.
        let Some(place) = place(attr, root).filter(|_| attr.is_configurable()) else { continue };
        let value = values.get(attr.name);
        let Some(json) = render_attribute(attr, value)
            .map_err(|error| error.inside(Step::Attribute(attr.name.to_owned())))?
        else {
            continue;
        };
        merge(slot(&mut object, &place), json);
    }
    Ok(object)
}

fn render_attribute(attr: &Attribute, value: &Value) -> Result<Option<Json>> {
    if value.is_null() {
        return Ok(None);
    }
    let json = match (&attr.kind, value) {
        (_, Value::Unknown) => return Err(Error::bug("the value is unknown at apply")),
        (Kind::Plain(_), value) => match (attr.api.form, value) {
            (Form::Plain, value) => json::from_value(value)?,
            (Form::Custom { write, .. }, value) => write(value)?,
            (Form::JsonText, Value::String(text)) => serde_json::from_str(text)
                .map_err(|error| Error::invalid(format!("not valid JSON: {error}")))?,
            (Form::IntOrString, Value::String(text)) => match text.parse::<i64>() {
                Ok(int) => int.into(),
                Err(_) => text.clone().into(),
            },
            (form, _) => return Err(Error::bug(format!("no text to be sent as {form:?}"))),
        },
        (Kind::Nested(Nesting::Single, inner), value) => {
            let json = render(inner, "", value)?;
            if is_empty(&json) && !attr.api.keep_empty {
                return Ok(None);
            }
            json
        }
        (Kind::Nested(Nesting::Map, inner), Value::Object(elements)) => elements
            .iter()
            .map(|(key, element)| {
                let json = render(inner, "", element);
                let json = json.map_err(|error| error.inside(Step::Key(key.clone())))?;
                Ok((key.clone(), json))
            })
            .collect::<Result<Map<_, _>>>()?
            .into(),
        (Kind::Nested(nesting, inner), Value::List(elements)) => Json::Array(
            elements
                .iter()
                .enumerate()
                .map(|(at, element)| {
                    render(inner, "", element).map_err(|error| match nesting {
                        Nesting::Set => error.inside_set(),
                        _ => error.inside(Step::Index(at)),
                    })
                })
                .collect::<Result<_>>()?,
        ),
        (Kind::Nested(..), _) => return Err(Error::bug("the value is not of its type")),
    };
    Ok(Some(json))
}

/// Reads a live object into values.
pub fn project(
    attributes: &[Attribute],
    root: &str,
    live: &Json,
    prior: &Value,
    view: View,
) -> Value {
    let values: Object = attributes
        .iter()
        .map(|attr| {
            let prior = prior.get(attr.name);
            let value = match place(attr, root) {
                // What only the provider knows is as the state has it.
                None => prior.clone(),
                Some(place) => {
                    let found = live.pointer(&place).and_then(|found| {
                        // Two attributes may share an object, such as the annotations.
                        without_theirs(attributes, attr, root, &place, found)
                    });
                    project_attribute(attr, found.as_deref(), prior, view)
                }
            };
            (attr.name.to_owned(), value)
        })
        .collect();
    Value::Object(values)
}

/// A live map without the keys that have attributes of their own; nothing when
/// that leaves none.
fn without_theirs<'a>(
    attributes: &[Attribute],
    attr: &Attribute,
    root: &str,
    place: &str,
    found: &'a Json,
) -> Option<Cow<'a, Json>> {
    let (Kind::Plain(Type::Map(_)), Json::Object(entries)) = (&attr.kind, found) else {
        return Some(Cow::Borrowed(found));
    };
    let theirs: Vec<_> = attributes
        .iter()
        .filter_map(|other| self::place(other, root))
        .filter_map(|other| Some(unescape(other.strip_prefix(place)?.strip_prefix('/')?)))
        .collect();
    if !entries.keys().any(|key| theirs.contains(key)) {
        return Some(Cow::Borrowed(found));
    }
    let entries = entries.iter().filter(|(key, _)| !theirs.contains(key));
    let entries: Map<_, _> = entries.map(|(key, value)| (key.clone(), value.clone())).collect();
    (!entries.is_empty()).then(|| Cow::Owned(entries.into()))
}

/// Where an attribute is in the object, as a JSON pointer.
fn place(attr: &Attribute, root: &str) -> Option<String> {
    let field = attr.api.field?;
    Some(if field.starts_with('/') { field.into() } else { format!("{root}/{field}") })
}

/// A step of a JSON pointer.
fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

fn project_attribute(attr: &Attribute, live: Option<&Json>, prior: &Value, view: View) -> Value {
    let ours = !prior.is_null() || !attr.is_configurable();
    if attr.write_only || (view == View::Owned && !ours) {
        return attr.absent();
    }
    let Some(live) = live.filter(|live| !live.is_null()) else {
        // What was never sent, for having nothing in it, is not missed; nor is
        // what says nothing, which typed clients and webhooks drop on their way.
        let sent = render_attribute(attr, prior).ok().flatten();
        let missed = sent.is_some_and(|sent| !says_nothing(attr, &sent));
        return if missed { attr.absent() } else { prior.clone() };
    };
    let seen = match (&attr.kind, live) {
        (Kind::Plain(ty), live) => plain(attr, ty, live, prior, view),
        (Kind::Nested(Nesting::Single, inner), live) => project(inner, "", live, prior, view),
        (Kind::Nested(Nesting::Map, inner), Json::Object(live)) => live
            .iter()
            .filter(|(key, _)| view == View::Whole || !prior.get(key).is_null())
            .map(|(key, live)| (key.clone(), project(inner, "", live, prior.get(key), view)))
            .collect(),
        (Kind::Nested(_, inner), Json::Array(live)) => {
            let before = prior.as_list().unwrap_or_default();
            live.iter()
                .enumerate()
                .map(|(at, live)| match before.get(at) {
                    Some(prior) => project(inner, "", live, prior, view),
                    // A list is one field: an element that somebody added is drift.
                    None => project(inner, "", live, &Value::Null, View::Whole),
                })
                .collect()
        }
        (Kind::Nested(..), _) => attr.absent(),
    };
    if attr.same(prior, &seen) { prior.clone() } else { seen }
}

fn plain(attr: &Attribute, ty: &Type, live: &Json, prior: &Value, view: View) -> Value {
    let owned = |live: &Json| match render_attribute(attr, prior) {
        Ok(Some(ours)) if view == View::Owned => {
            let seen = json::project(&ours, live);
            if json::same(&ours, &seen) { None } else { Some(seen) }
        }
        _ => Some(live.clone()),
    };
    match (attr.api.form, ty) {
        (Form::JsonText, _) => match owned(live) {
            None => prior.clone(),
            Some(seen) => Value::String(seen.to_string()),
        },
        (Form::Custom { read, .. }, _) => match owned(live) {
            None => prior.clone(),
            Some(seen) => read(&seen).unwrap_or_default(),
        },
        (Form::IntOrString, _) => match live {
            Json::String(text) => Value::String(text.clone()),
            other => Value::String(other.to_string()),
        },
        (Form::Plain, Type::Dynamic) => match owned(live) {
            None => prior.clone(),
            Some(seen) => Value::Dynamic(Box::new(json::to_dynamic(&seen))),
        },
        (Form::Plain, Type::Map(ty)) => {
            let Json::Object(live) = live else { return Value::Null };
            live.iter()
                .filter(|(key, _)| view == View::Whole || !prior.get(key).is_null())
                .map(|(key, live)| (key.clone(), typed(ty, live)))
                .collect()
        }
        (Form::Plain, ty) => typed(ty, live),
    }
}

/// A JSON value as a value of a type, as far as it goes: the API's schema says
/// that it is of that type, and a null stands out if it is not.
pub fn typed(ty: &Type, live: &Json) -> Value {
    match (ty, live) {
        (Type::String, Json::String(text)) => Value::String(text.clone()),
        (Type::Bool, Json::Bool(value)) => Value::Bool(*value),
        (Type::Number, Json::Number(number)) => {
            Number::parse(&number.to_string()).map_or(Value::Null, Value::Number)
        }
        (Type::List(ty), Json::Array(live)) => live.iter().map(|live| typed(ty, live)).collect(),
        (Type::Set(ty), Json::Array(live)) => {
            let mut values: Vec<_> = live.iter().map(|live| typed(ty, live)).collect();
            values.sort();
            values.dedup();
            Value::List(values)
        }
        (Type::Map(ty), Json::Object(live)) => {
            live.iter().map(|(key, live)| (key.clone(), typed(ty, live))).collect()
        }
        _ => Value::Null,
    }
}

/// The place of a JSON pointer, made where it is missing.
fn slot<'a>(object: &'a mut Json, pointer: &str) -> &'a mut Json {
    pointer.split('/').skip(1).fold(object, |at, name| {
        let name = unescape(name);
        if !at.is_object() {
            *at = Json::Object(Map::new());
        }
        match at {
            Json::Object(fields) => fields.entry(name).or_insert(Json::Null),
            other => other,
        }
    })
}

/// Puts `json` where something may be already: two attributes may share an
/// object, such as the annotations.
fn merge(at: &mut Json, json: Json) {
    match (at, json) {
        (Json::Object(at), Json::Object(json)) => at.extend(json),
        (at, json) => *at = json,
    }
}

fn is_empty(json: &Json) -> bool {
    json.as_object().is_some_and(Map::is_empty)
}

/// Whether it means the same to the API as nothing at all.
fn says_nothing(attr: &Attribute, json: &Json) -> bool {
    match json {
        Json::Object(fields) => fields.is_empty() && !attr.api.keep_empty,
        Json::Array(elements) => elements.is_empty(),
        Json::String(text) => text.is_empty(),
        Json::Bool(value) => !value && attr.api.omitempty,
        Json::Number(number) => number.as_i64() == Some(0) && attr.api.omitempty,
        Json::Null => true,
    }
}

#[cfg(test)]
mod tests;
