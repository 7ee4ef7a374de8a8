//! Values as core has them, and the bytes and JSON that it sends and stores.
//!
//! Apart from the provider's own values and codec on purpose: what one gets
//! wrong the other must not get wrong in the same way. Only decimal numbers
//! are shared.

use std::collections::BTreeMap;

use rmpv::Value as Pack;
use serde_json::Value as Json;
use terraform_provider_gitops::framework::number::Number;

use super::ty::Ty;

/// A value; its type is known beside it, from the schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Val {
    Null,
    Unknown,
    Bool(bool),
    Number(Number),
    String(String),
    /// A list or tuple.
    List(Vec<Val>),
    /// Sorted, and without duplicates of what is known.
    Set(Vec<Val>),
    /// A map or object.
    Map(BTreeMap<String, Val>),
    /// A value of a dynamic attribute, with its type.
    Dynamic(Box<(Ty, Val)>),
}

/// In JSON for tests, this text stands for an unknown value.
pub(crate) const UNKNOWN: &str = "(known after apply)";

static NULL: Val = Val::Null;

impl Val {
    pub(crate) fn set(mut elements: Vec<Self>) -> Self {
        elements.sort();
        elements.dedup_by(|a, b| a == b && a.is_wholly_known());
        Self::Set(elements)
    }

    pub(crate) fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Dynamic(typed) => typed.1.is_null(),
            _ => false,
        }
    }

    pub(crate) fn is_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Dynamic(typed) => typed.1.is_known(),
            _ => true,
        }
    }

    pub(crate) fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) | Self::Set(elements) => {
                elements.iter().all(Self::is_wholly_known)
            }
            Self::Map(elements) => elements.values().all(Self::is_wholly_known),
            Self::Dynamic(typed) => typed.1.is_wholly_known(),
        }
    }

    /// An attribute of an object or element of a map; null when there is none.
    pub(crate) fn get(&self, name: &str) -> &Self {
        match self {
            Self::Map(elements) => elements.get(name).unwrap_or(&NULL),
            _ => &NULL,
        }
    }

    /// An element of a list; null when there is none.
    pub(crate) fn at(&self, index: usize) -> &Self {
        self.elements().get(index).unwrap_or(&NULL)
    }

    /// The elements of a list, set or tuple.
    pub(crate) fn elements(&self) -> &[Self] {
        match self {
            Self::List(elements) | Self::Set(elements) => elements,
            _ => &[],
        }
    }

    /// The elements of a map, the attributes of an object.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&String, &Self)> {
        match self {
            Self::Map(elements) => Some(elements),
            _ => None,
        }
        .into_iter()
        .flatten()
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Val {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<bool> for Val {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Val {
    fn from(int: i64) -> Self {
        Self::Number(int.into())
    }
}

/// Reads msgpack; no bytes at all are a null.
///
/// # Errors
/// When core could not decode it as a value of that type.
pub(crate) fn decode(ty: &Ty, mut bytes: &[u8]) -> Result<Val, String> {
    if bytes.is_empty() {
        return Ok(Val::Null);
    }
    let pack = rmpv::decode::read_value(&mut bytes).map_err(|error| format!("msgpack: {error}"))?;
    if !bytes.is_empty() {
        return Err(format!("{} bytes follow the value", bytes.len()));
    }
    unpack(ty, &pack)
}

fn unpack(ty: &Ty, pack: &Pack) -> Result<Val, String> {
    let wrong = || Err(format!("{pack} is no value of the type {}", ty.to_json()));
    Ok(match (ty, pack) {
        (_, Pack::Nil) => Val::Null,
        (_, Pack::Ext(..)) => Val::Unknown,
        (Ty::Bool, Pack::Boolean(value)) => Val::Bool(*value),
        (Ty::String, Pack::String(text)) => match text.as_str() {
            Some(text) => Val::String(text.to_owned()),
            None => return wrong(),
        },
        (Ty::Number, Pack::Integer(int)) => number(&int.to_string())?,
        (Ty::Number, Pack::F64(float)) => number(&float.to_string())?,
        (Ty::Number, Pack::F32(float)) => number(&float.to_string())?,
        (Ty::Number, Pack::String(text)) => number(text.as_str().unwrap_or_default())?,
        (Ty::List(ty), Pack::Array(elements)) => Val::List(unpack_all(ty, elements)?),
        (Ty::Set(ty), Pack::Array(elements)) => Val::set(unpack_all(ty, elements)?),
        (Ty::Tuple(types), Pack::Array(elements)) if types.len() == elements.len() => {
            let elements = types.iter().zip(elements).map(|(ty, element)| unpack(ty, element));
            Val::List(elements.collect::<Result<_, _>>()?)
        }
        (Ty::Map(ty), Pack::Map(elements)) => Val::Map(
            elements
                .iter()
                .map(|(key, element)| Ok((text(key)?, unpack(ty, element)?)))
                .collect::<Result<_, String>>()?,
        ),
        (Ty::Object(types), Pack::Map(attributes)) => {
            let mut object = BTreeMap::new();
            for (name, attribute) in attributes {
                let name = text(name)?;
                let Some(ty) = types.get(&name) else {
                    return Err(format!("the attribute {name:?} is not in the schema"));
                };
                let value = unpack(ty, attribute).map_err(|error| format!("{name}: {error}"))?;
                if object.insert(name.clone(), value).is_some() {
                    return Err(format!("the attribute {name:?} is there twice"));
                }
            }
            if let Some(missing) = types.keys().find(|name| !object.contains_key(*name)) {
                return Err(format!("the attribute {missing:?} is missing"));
            }
            Val::Map(object)
        }
        (Ty::Dynamic, Pack::Array(typed)) => match typed.as_slice() {
            [Pack::Binary(ty), value] => {
                let ty = Ty::read(ty)?;
                let value = unpack(&ty, value)?;
                Val::Dynamic(Box::new((ty, value)))
            }
            _ => return wrong(),
        },
        _ => return wrong(),
    })
}

fn unpack_all(ty: &Ty, elements: &[Pack]) -> Result<Vec<Val>, String> {
    elements.iter().map(|element| unpack(ty, element)).collect()
}

fn text(pack: &Pack) -> Result<String, String> {
    pack.as_str().map(str::to_owned).ok_or_else(|| format!("{pack} is no key"))
}

fn number(text: &str) -> Result<Val, String> {
    Number::parse(text).map(Val::Number).ok_or_else(|| format!("{text:?} is no number"))
}

/// Writes msgpack.
///
/// # Panics
/// When the value is not of the type, which is a mistake in a test.
pub(crate) fn encode(ty: &Ty, value: &Val) -> Vec<u8> {
    let mut bytes = Vec::new();
    rmpv::encode::write_value(&mut bytes, &pack(ty, value)).expect("memory takes every byte");
    bytes
}

fn pack(ty: &Ty, value: &Val) -> Pack {
    match (ty, value) {
        (_, Val::Null) => Pack::Nil,
        // Core knows of most unknown texts that they will not be null, and says so.
        (Ty::String, Val::Unknown) => Pack::Ext(12, vec![0x81, 0x01, 0xc2]),
        (_, Val::Unknown) => Pack::Ext(0, vec![0]),
        (Ty::Bool, Val::Bool(value)) => (*value).into(),
        (Ty::String, Val::String(text)) => text.as_str().into(),
        (Ty::Number, Val::Number(number)) => match (number.as_i64(), number.as_exact_fraction()) {
            (Some(int), _) => int.into(),
            (_, Some(float)) => float.into(),
            _ => number.to_string().into(),
        },
        (Ty::List(ty), Val::List(elements)) | (Ty::Set(ty), Val::Set(elements)) => {
            Pack::Array(elements.iter().map(|element| pack(ty, element)).collect())
        }
        (Ty::Tuple(types), Val::List(elements)) if types.len() == elements.len() => {
            Pack::Array(types.iter().zip(elements).map(|(ty, value)| pack(ty, value)).collect())
        }
        (Ty::Map(ty), Val::Map(elements)) => Pack::Map(
            elements.iter().map(|(key, value)| (key.as_str().into(), pack(ty, value))).collect(),
        ),
        (Ty::Object(types), Val::Map(_)) => Pack::Map(
            types
                .iter()
                .map(|(name, ty)| (name.as_str().into(), pack(ty, value.get(name))))
                .collect(),
        ),
        (Ty::Dynamic, Val::Dynamic(typed)) => {
            let (ty, value) = &**typed;
            let json = ty.to_json().to_string().into_bytes();
            Pack::Array(vec![Pack::Binary(json), pack(ty, value)])
        }
        _ => panic!("{value:?} is no value of the type {}", ty.to_json()),
    }
}

/// Writes a known value as the state file has it.
pub(crate) fn to_json(ty: &Ty, value: &Val) -> Json {
    match (ty, value) {
        (_, Val::Null) => Json::Null,
        (_, Val::Unknown) => panic!("a state has no unknown values"),
        (_, Val::Bool(value)) => (*value).into(),
        (_, Val::String(text)) => text.clone().into(),
        (_, Val::Number(number)) => {
            serde_json::from_str(&number.to_string()).expect("decimal numbers are JSON")
        }
        (Ty::Dynamic, Val::Dynamic(typed)) => {
            let (ty, value) = &**typed;
            serde_json::json!({"value": to_json(ty, value), "type": ty.to_json()})
        }
        (Ty::List(ty) | Ty::Set(ty), Val::List(elements) | Val::Set(elements)) => {
            elements.iter().map(|element| to_json(ty, element)).collect()
        }
        (Ty::Tuple(types), Val::List(elements)) => {
            types.iter().zip(elements).map(|(ty, element)| to_json(ty, element)).collect()
        }
        (Ty::Map(ty), Val::Map(elements)) => elements
            .iter()
            .map(|(key, element)| (key.clone(), to_json(ty, element)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        (Ty::Object(types), Val::Map(_)) => types
            .iter()
            .map(|(name, ty)| (name.clone(), to_json(ty, value.get(name))))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        _ => panic!("{value:?} is no value of the type {}", ty.to_json()),
    }
}

/// Reads what a test writes in JSON: attributes that are left out are null, a
/// dynamic value has the type that a literal in a configuration has, and
/// [`UNKNOWN`] is unknown.
///
/// # Panics
/// When it is not of the type, which is a mistake in a test.
pub(crate) fn literal(ty: &Ty, json: &Json) -> Val {
    match (ty, json) {
        (_, Json::Null) => Val::Null,
        (_, Json::String(text)) if text == UNKNOWN => Val::Unknown,
        (Ty::String, Json::String(text)) => text.as_str().into(),
        (Ty::Bool, Json::Bool(value)) => (*value).into(),
        (Ty::Number, Json::Number(number)) => {
            Val::Number(Number::parse(&number.to_string()).expect("JSON numbers are decimal"))
        }
        (Ty::List(ty), Json::Array(elements)) => {
            Val::List(elements.iter().map(|element| literal(ty, element)).collect())
        }
        (Ty::Set(ty), Json::Array(elements)) => {
            Val::set(elements.iter().map(|element| literal(ty, element)).collect())
        }
        (Ty::Tuple(types), Json::Array(elements)) => {
            Val::List(types.iter().zip(elements).map(|(ty, json)| literal(ty, json)).collect())
        }
        (Ty::Map(ty), Json::Object(elements)) => {
            Val::Map(elements.iter().map(|(key, json)| (key.clone(), literal(ty, json))).collect())
        }
        (Ty::Object(types), Json::Object(attributes)) => {
            let stray = attributes.keys().find(|name| !types.contains_key(*name));
            assert_eq!(stray, None, "there is no such attribute");
            Val::Map(
                types
                    .iter()
                    .map(|(name, ty)| {
                        let json = attributes.get(name).unwrap_or(&Json::Null);
                        (name.clone(), literal(ty, json))
                    })
                    .collect(),
            )
        }
        (Ty::Dynamic, json) => {
            let ty = inferred(json);
            let value = literal(&ty, json);
            Val::Dynamic(Box::new((ty, value)))
        }
        _ => panic!("{json} is no value of the type {}", ty.to_json()),
    }
}

/// The type of a literal: collections are tuples and objects.
fn inferred(json: &Json) -> Ty {
    match json {
        Json::Null => Ty::Dynamic,
        Json::Bool(_) => Ty::Bool,
        Json::Number(_) => Ty::Number,
        Json::String(_) => Ty::String,
        Json::Array(elements) => Ty::Tuple(elements.iter().map(inferred).collect()),
        Json::Object(attributes) => Ty::Object(
            attributes.iter().map(|(name, json)| (name.clone(), inferred(json))).collect(),
        ),
    }
}
