//! Stored state as JSON.

use serde_json::Value as Json;

use super::error::{Error, Result};
use super::number::Number;
use super::path::Step;
use super::schema::{Attribute, Kind, Nesting};
use super::ty::Type;
use super::value::{Dynamic, Object, Value};

/// Reads a stored state by today's schema.
///
/// Lenient where a newer schema of the same version may differ: an attribute
/// that is gone is dropped, one that is new is null.
///
/// # Errors
/// When a value has another type than the schema says.
pub fn from_json(attributes: &[Attribute], stored: &Json) -> Result<Value> {
    let Json::Object(stored) = stored else {
        return Err(Error::invalid("the stored state is no JSON object"));
    };
    let mut object = Object::new();
    for attr in attributes {
        let value = match stored.get(attr.name) {
            None | Some(Json::Null) => attr.absent(),
            Some(json) => attribute(attr, json)
                .map_err(|error| error.inside(Step::Attribute(attr.name.to_owned())))?,
        };
        object.insert(attr.name.to_owned(), value);
    }
    Ok(Value::Object(object))
}

fn attribute(attr: &Attribute, json: &Json) -> Result<Value> {
    let Kind::Nested(nesting, inner) = &attr.kind else {
        let Kind::Plain(ty) = &attr.kind else { unreachable!() };
        return value(ty, json);
    };
    match (nesting, json) {
        (Nesting::Single, json) => from_json(inner, json),
        (Nesting::Map, Json::Object(elements)) => elements
            .iter()
            .map(|(key, element)| {
                let element = from_json(inner, element)
                    .map_err(|error| error.inside(Step::Key(key.clone())))?;
                Ok((key.clone(), element))
            })
            .collect::<Result<Object>>()
            .map(Value::Object),
        (Nesting::List | Nesting::Set, Json::Array(elements)) => {
            let mut values: Vec<_> = elements
                .iter()
                .enumerate()
                .map(|(at, element)| {
                    from_json(inner, element).map_err(|error| match nesting {
                        Nesting::Set => error.inside_set(),
                        _ => error.inside(Step::Index(at)),
                    })
                })
                .collect::<Result<_>>()?;
            if *nesting == Nesting::Set {
                values.sort();
            }
            Ok(Value::List(values))
        }
        _ => Err(mismatch(&attr.ty(), json)),
    }
}

/// Reads a value of a type from its natural JSON form; a dynamic one carries
/// its type as `{"value": …, "type": …}`.
///
/// # Errors
/// When the JSON has another type.
pub fn value(ty: &Type, json: &Json) -> Result<Value> {
    Ok(match (ty, json) {
        (_, Json::Null) => Value::Null,
        (Type::String, Json::String(text)) => Value::String(text.clone()),
        (Type::Bool, Json::Bool(value)) => Value::Bool(*value),
        (Type::Number, Json::Number(number)) => {
            Value::Number(Number::parse(&number.to_string()).ok_or_else(|| mismatch(ty, json))?)
        }
        (Type::List(ty), Json::Array(elements)) => {
            elements.iter().map(|element| value(ty, element)).collect::<Result<_>>()?
        }
        (Type::Set(ty), Json::Array(elements)) => {
            let mut values: Vec<_> =
                elements.iter().map(|element| value(ty, element)).collect::<Result<_>>()?;
            values.sort();
            Value::List(values)
        }
        (Type::Tuple(types), Json::Array(elements)) if types.len() == elements.len() => types
            .iter()
            .zip(elements)
            .map(|(ty, element)| value(ty, element))
            .collect::<Result<_>>()?,
        (Type::Map(ty), Json::Object(elements)) => elements
            .iter()
            .map(|(key, element)| Ok((key.clone(), value(ty, element)?)))
            .collect::<Result<Value>>()?,
        (Type::Object(types), Json::Object(attributes)) => types
            .iter()
            .map(|(name, ty)| {
                let attribute = attributes.get(name).unwrap_or(&Json::Null);
                Ok((name.clone(), value(ty, attribute)?))
            })
            .collect::<Result<Value>>()?,
        (Type::Dynamic, Json::Object(wrapped)) => {
            let ty = wrapped.get("type").and_then(Type::from_json);
            let (Some(ty), Some(inner)) = (ty, wrapped.get("value")) else {
                return Err(mismatch(ty_dynamic(), json));
            };
            let value = value(&ty, inner)?;
            Value::Dynamic(Box::new(Dynamic { ty, value }))
        }
        _ => return Err(mismatch(ty, json)),
    })
}

fn ty_dynamic() -> &'static Type {
    &Type::Dynamic
}

fn mismatch(ty: &Type, json: &Json) -> Error {
    let found = match json {
        Json::Null => "null",
        Json::Bool(_) => "a truth value",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    };
    Error::invalid(format!("found {found} where the type {} was expected", ty.to_json()))
}
