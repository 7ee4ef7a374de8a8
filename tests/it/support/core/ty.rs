//! Types as core has them, read from the schema's JSON as strictly as core does.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

/// A type of Terraform's language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ty {
    String,
    Number,
    Bool,
    Dynamic,
    List(Box<Ty>),
    Set(Box<Ty>),
    Map(Box<Ty>),
    Tuple(Vec<Ty>),
    Object(BTreeMap<String, Ty>),
}

impl Ty {
    /// Reads the bytes of an attribute's `type`; the host process panics on any
    /// that are malformed.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let json: Json = serde_json::from_slice(bytes)
            .map_err(|error| format!("the type {:?} is no JSON: {error}", lossy(bytes)))?;
        Self::parse(&json).ok_or_else(|| format!("{json} is no type"))
    }

    fn parse(json: &Json) -> Option<Self> {
        let inner = |json| Self::parse(json).map(Box::new);
        match json {
            Json::String(name) => match name.as_str() {
                "string" => Some(Self::String),
                "number" => Some(Self::Number),
                "bool" => Some(Self::Bool),
                "dynamic" => Some(Self::Dynamic),
                _ => None,
            },
            Json::Array(parts) => match parts.as_slice() {
                [Json::String(name), ty] => match (name.as_str(), ty) {
                    ("list", ty) => inner(ty).map(Self::List),
                    ("set", ty) => inner(ty).map(Self::Set),
                    ("map", ty) => inner(ty).map(Self::Map),
                    ("tuple", Json::Array(types)) => {
                        types.iter().map(Self::parse).collect::<Option<_>>().map(Self::Tuple)
                    }
                    ("object", Json::Object(types)) => types
                        .iter()
                        .map(|(name, ty)| Some((name.clone(), Self::parse(ty)?)))
                        .collect::<Option<_>>()
                        .map(Self::Object),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// The JSON form, as it goes beside a dynamic value.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::String => json!("string"),
            Self::Number => json!("number"),
            Self::Bool => json!("bool"),
            Self::Dynamic => json!("dynamic"),
            Self::List(ty) => json!(["list", ty.to_json()]),
            Self::Set(ty) => json!(["set", ty.to_json()]),
            Self::Map(ty) => json!(["map", ty.to_json()]),
            Self::Tuple(types) => {
                json!(["tuple", types.iter().map(Self::to_json).collect::<Vec<_>>()])
            }
            Self::Object(types) => {
                let types: serde_json::Map<_, _> =
                    types.iter().map(|(name, ty)| (name.clone(), ty.to_json())).collect();
                json!(["object", types])
            }
        }
    }

    /// Whether a value of it decides some of its type by itself.
    pub(crate) fn has_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::String | Self::Number | Self::Bool => false,
            Self::List(ty) | Self::Set(ty) | Self::Map(ty) => ty.has_dynamic(),
            Self::Tuple(types) => types.iter().any(Self::has_dynamic),
            Self::Object(types) => types.values().any(Self::has_dynamic),
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
