//! Values of Terraform's language, with null and unknown.

use std::collections::BTreeMap;

use super::number::Number;
use super::path::Path;
use super::ty::Type;

/// A value, without its type: the schema knows that.
///
/// Sets are lists kept in the order of [`Value`], so that equal sets are equal
/// values; maps and objects look alike. Refinements of unknown values are
/// dropped, which the protocol allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Not set.
    #[default]
    Null,
    /// Known only after apply.
    Unknown,
    /// True or false.
    Bool(bool),
    /// Any number.
    Number(Number),
    /// Text.
    String(String),
    /// List, set or tuple.
    List(Vec<Value>),
    /// Object or map.
    Object(Object),
    /// A value of a dynamic attribute, with the type it brought along.
    Dynamic(Box<Dynamic>),
}

/// Attributes of an object, or elements of a map.
pub type Object = BTreeMap<String, Value>;

/// A value that carries its type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dynamic {
    /// The type; may be [`Type::Dynamic`] only where the value is null or unknown.
    pub ty: Type,
    /// A value of that type.
    pub value: Value,
}

static NULL: Value = Value::Null;

impl Value {
    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Dynamic(dynamic) => dynamic.value.is_null(),
            _ => false,
        }
    }

    /// Whether it is unknown as a whole.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Dynamic(dynamic) => dynamic.value.is_unknown(),
            _ => false,
        }
    }

    /// Whether no part of it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(values) => values.iter().all(Self::is_wholly_known),
            Self::Object(values) => values.values().all(Self::is_wholly_known),
            Self::Dynamic(dynamic) => dynamic.value.is_wholly_known(),
        }
    }

    /// Where it is unknown, seen from `at`; a list of single values is unknown as a whole.
    pub fn unknown_parts(&self, at: &Path) -> Vec<Path> {
        match self {
            Self::List(values) if !values.iter().any(Self::is_unknown) => values
                .iter()
                .enumerate()
                .flat_map(|(index, value)| value.unknown_parts(&at.index(index)))
                .collect(),
            Self::Object(values) => values
                .iter()
                .flat_map(|(name, value)| value.unknown_parts(&at.field(name)))
                .collect(),
            known if known.is_wholly_known() => Vec::new(),
            _ => vec![at.clone()],
        }
    }

    /// The text, if it is known text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is a known one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The attributes, if it is a known object or map.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The elements, if it is a known list, set or tuple.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    /// An attribute of an object; null when this is no object or lacks it.
    pub fn get(&self, name: &str) -> &Value {
        self.as_object().and_then(|object| object.get(name)).unwrap_or(&NULL)
    }

    /// Sets an attribute; does nothing unless this is an object.
    pub fn set(&mut self, name: &str, value: Value) {
        if let Self::Object(object) = self {
            object.insert(name.to_owned(), value);
        }
    }

    /// A null in place of every unknown part: what may be kept of a plan that
    /// was carried out only in part.
    #[must_use]
    pub fn without_unknowns(self) -> Self {
        match self {
            Self::Unknown => Self::Null,
            Self::List(values) => {
                Self::List(values.into_iter().map(Self::without_unknowns).collect())
            }
            Self::Object(values) => {
                Self::Object(values.into_iter().map(|(k, v)| (k, v.without_unknowns())).collect())
            }
            Self::Dynamic(dynamic) => {
                let Dynamic { ty, value } = *dynamic;
                Self::Dynamic(Box::new(Dynamic { ty, value: value.without_unknowns() }))
            }
            known => known,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(int: i64) -> Self {
        Self::Number(int.into())
    }
}

impl FromIterator<(String, Value)> for Value {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(attributes: I) -> Self {
        Self::Object(attributes.into_iter().collect())
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(elements: I) -> Self {
        Self::List(elements.into_iter().collect())
    }
}

impl From<Object> for Value {
    fn from(attributes: Object) -> Self {
        Self::Object(attributes)
    }
}
