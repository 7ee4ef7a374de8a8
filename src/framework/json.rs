//! JSON documents by meaning, and free-form values as JSON.

use serde_json::{Map, Value as Json};

use super::error::{Error, Result};
use super::number::Number;
use super::ty::Type;
use super::value::{Dynamic, Object, Value};

/// Whether two documents mean the same: the order of keys and the spelling of
/// numbers do not matter.
pub fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => {
            a == b || Number::parse(&a.to_string()) == Number::parse(&b.to_string())
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// What a live document has of the parts that `ours` sets: keys that others
/// added to our objects are left out, elements they added to our lists stay.
pub fn project(ours: &Json, live: &Json) -> Json {
    match (ours, live) {
        (Json::Object(ours), Json::Object(live)) => ours
            .iter()
            .filter_map(|(key, ours)| Some((key.clone(), project(ours, live.get(key)?))))
            .collect::<Map<_, _>>()
            .into(),
        (Json::Array(ours), Json::Array(live)) => {
            let elements = live.iter().enumerate().map(|(at, live)| match ours.get(at) {
                Some(ours) => project(ours, live),
                None => live.clone(),
            });
            Json::Array(elements.collect())
        }
        _ => live.clone(),
    }
}

/// A document without the fields that are null; elements of lists stay.
pub fn without_nulls(document: Json) -> Json {
    match document {
        Json::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect::<Map<_, _>>()
            .into(),
        Json::Array(elements) => elements.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

/// A value in its natural JSON form, without types.
///
/// # Errors
/// When a part is unknown.
pub fn from_value(value: &Value) -> Result<Json> {
    Ok(match value {
        Value::Null => Json::Null,
        Value::Unknown => return Err(Error::bug("a value is unknown where it must be known")),
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => number_json(number),
        Value::String(text) => Json::String(text.clone()),
        Value::List(values) => Json::Array(values.iter().map(from_value).collect::<Result<_>>()?),
        Value::Object(values) => values
            .iter()
            .map(|(key, value)| Ok((key.clone(), from_value(value)?)))
            .collect::<Result<Map<_, _>>>()?
            .into(),
        Value::Dynamic(dynamic) => from_value(&dynamic.value)?,
    })
}

/// A document as a value of the type that Terraform would infer for it.
pub fn to_dynamic(json: &Json) -> Dynamic {
    let (ty, value) = infer(json);
    Dynamic { ty, value }
}

fn infer(json: &Json) -> (Type, Value) {
    match json {
        Json::Null => (Type::Dynamic, Value::Null),
        Json::Bool(value) => (Type::Bool, Value::Bool(*value)),
        Json::Number(number) => {
            let number = Number::parse(&number.to_string()).map_or(Value::Null, Value::Number);
            (Type::Number, number)
        }
        Json::String(text) => (Type::String, Value::String(text.clone())),
        Json::Array(elements) => {
            let (types, values) = elements.iter().map(infer).unzip();
            (Type::Tuple(types), Value::List(values))
        }
        Json::Object(attributes) => {
            let mut types = std::collections::BTreeMap::new();
            let mut object = Object::new();
            for (name, json) in attributes {
                let (ty, value) = infer(json);
                types.insert(name.clone(), ty);
                object.insert(name.clone(), value);
            }
            (Type::Object(types), Value::Object(object))
        }
    }
}

/// A number as JSON, with all its digits.
pub fn number_json(number: &Number) -> Json {
    // Every canonical number is valid JSON.
    serde_json::from_str(&number.to_string()).unwrap_or(Json::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn meaning_is_compared_and_not_spelling() {
        let parse = |text| serde_json::from_str::<Json>(text).unwrap();
        assert!(same(&parse(r#"{"a":1.0,"b":[1e1]}"#), &parse(r#"{"b":[10],"a":1}"#)));
        assert!(!same(&json!([1, 2]), &json!([2, 1])));
        assert!(!same(&json!({"a": null}), &json!({})));
    }

    #[test]
    fn a_projection_leaves_out_what_others_added_to_our_objects() {
        let ours = json!({"a": 1, "list": [{"x": 1}]});
        let live = json!({"a": 2, "added": 1, "list": [{"x": 1, "default": 2}, {"new": 1}]});
        assert_eq!(project(&ours, &live), json!({"a": 2, "list": [{"x": 1}, {"new": 1}]}));
    }

    #[test]
    fn a_document_survives_being_a_value() {
        let json = json!({"a": [1, "x", null, true], "b": {"c": 0.5}});
        let dynamic = to_dynamic(&json);
        assert_eq!(from_value(&dynamic.value).unwrap(), json);
        assert!(from_value(&Value::Unknown).is_err());
    }
}
