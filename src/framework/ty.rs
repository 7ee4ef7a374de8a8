//! Types of Terraform's language and their JSON form.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

/// A type of Terraform's language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Text.
    String,
    /// Any number.
    Number,
    /// True or false.
    Bool,
    /// Decided by each value.
    Dynamic,
    /// Elements of one type, in order.
    List(Box<Type>),
    /// Distinct elements of one type, without order.
    Set(Box<Type>),
    /// Elements of one type by key.
    Map(Box<Type>),
    /// A fixed number of elements, each of a type of its own.
    Tuple(Vec<Type>),
    /// Named attributes.
    Object(BTreeMap<String, Type>),
}

/// How deep types may nest before they are refused; core's own are far shallower.
const DEPTH: usize = 64;

impl Type {
    /// A list of this type.
    #[must_use]
    pub fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// A set of this type.
    #[must_use]
    pub fn set(self) -> Self {
        Self::Set(Box::new(self))
    }

    /// A map of this type.
    #[must_use]
    pub fn map(self) -> Self {
        Self::Map(Box::new(self))
    }

    /// Whether any part of a value of this type decides its type by itself.
    pub fn has_dynamic(&self) -> bool {
        match self {
            Self::Dynamic => true,
            Self::String | Self::Number | Self::Bool => false,
            Self::List(ty) | Self::Set(ty) | Self::Map(ty) => ty.has_dynamic(),
            Self::Tuple(types) => types.iter().any(Self::has_dynamic),
            Self::Object(types) => types.values().any(Self::has_dynamic),
        }
    }

    /// The JSON form that the protocol uses: `"string"`, `["list","bool"]`.
    pub fn to_json(&self) -> Json {
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

    /// Reads the JSON form; `None` when it is no type.
    pub fn from_json(json: &Json) -> Option<Self> {
        Self::parse(json, DEPTH)
    }

    fn parse(json: &Json, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        if let Some(name) = json.as_str() {
            return match name {
                "string" => Some(Self::String),
                "number" => Some(Self::Number),
                "bool" => Some(Self::Bool),
                "dynamic" => Some(Self::Dynamic),
                _ => None,
            };
        }
        let [constructor, inner, ..] = json.as_array()?.as_slice() else { return None };
        Some(match constructor.as_str()? {
            "list" => Self::parse(inner, depth)?.list(),
            "set" => Self::parse(inner, depth)?.set(),
            "map" => Self::parse(inner, depth)?.map(),
            "tuple" => {
                let types = inner.as_array()?;
                Self::Tuple(types.iter().map(|ty| Self::parse(ty, depth)).collect::<Option<_>>()?)
            }
            // A third element names optional attributes; only type constraints have it.
            "object" => Self::Object(
                inner
                    .as_object()?
                    .iter()
                    .map(|(name, ty)| Some((name.clone(), Self::parse(ty, depth)?)))
                    .collect::<Option<_>>()?,
            ),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_survives_its_json_form() {
        let ty = Type::Object(BTreeMap::from([
            ("a".into(), Type::String.list()),
            ("b".into(), Type::Tuple(vec![Type::Bool, Type::Dynamic.map()])),
            ("c".into(), Type::Number.set()),
        ]));
        assert_eq!(Type::from_json(&ty.to_json()), Some(ty.clone()));
        assert!(ty.has_dynamic());
        assert_eq!(
            ty.to_json().to_string(),
            r#"["object",{"a":["list","string"],"b":["tuple",["bool",["map","dynamic"]]],"c":["set","number"]}]"#
        );
    }

    #[test]
    fn what_is_no_type_is_refused() {
        let mut deep = json!("string");
        for _ in 0..100 {
            deep = json!(["list", deep]);
        }
        for bad in [json!("strin"), json!(["list"]), json!(["x", "string"]), json!(3), deep] {
            assert_eq!(Type::from_json(&bad), None);
        }
    }
}
