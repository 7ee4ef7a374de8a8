//! Structs as models of configuration blocks.
//!
//! `#[derive(Model)]` makes the schema of a struct from its fields, their doc
//! comments and `#[attr(...)]`, and the conversion to and from [`Value`]. The
//! fields are [`Attr`]s: null, unknown or known.

mod newtype;
mod unknown;

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};

use secrecy::{ExposeSecret, SecretString};

use super::error::{Error, Result};
use super::number::Number;
use super::path::Step;
use super::schema::{Attribute, Check, Form, Kind, Nesting, Same};
use super::ty::Type;
use super::value::{Dynamic, Object, Value};

pub(crate) use newtype::newtype;

/// A struct that models a block of the configuration.
pub trait Model: Sized + Send + Sync + 'static {
    /// What the block is, in Markdown.
    const DESCRIPTION: &'static str;

    /// The attributes, in the order of the fields.
    fn attributes() -> Vec<Attribute>;

    /// Takes the fields out of an object; missing ones are null.
    fn take(object: &mut Object) -> Result<Self>;

    /// Puts the fields into an object.
    fn put(self, object: &mut Object);

    /// Reads the whole object.
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Object(mut object) => Self::take(&mut object),
            other => Err(mismatch("an object", &other)),
        }
    }

    /// Writes the whole object.
    fn into_value(self) -> Value {
        let mut object = Object::new();
        self.put(&mut object);
        Value::Object(object)
    }
}

/// An attribute's value: not set, not known yet, or known.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Attr<T> {
    /// Not set.
    #[default]
    Null,
    /// Known only after apply. A collection with an unknown element is unknown.
    Unknown,
    /// Known.
    Known(T),
}

impl<T> Attr<T> {
    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }

    /// The value, if it is known.
    pub fn into_known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            _ => None,
        }
    }

    /// The same with a reference to the value.
    pub fn as_ref(&self) -> Attr<&T> {
        match self {
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
            Self::Known(value) => Attr::Known(value),
        }
    }

    /// The same with what `change` makes of the value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Attr<U> {
        match self {
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
            Self::Known(value) => Attr::Known(change(value)),
        }
    }

    /// What `change` makes of the value, which may be no value.
    pub fn and_then<U>(self, change: impl FnOnce(T) -> Attr<U>) -> Attr<U> {
        match self {
            Self::Null => Attr::Null,
            Self::Unknown => Attr::Unknown,
            Self::Known(value) => change(value),
        }
    }

    /// Whether it is not set.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it is known only after apply.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether the configuration sets it, to a known value or one known later.
    pub fn is_set(&self) -> bool {
        !self.is_null()
    }

    /// The value of an attribute that the schema requires.
    ///
    /// # Errors
    /// When it is null or unknown, which core does not let happen at apply.
    pub fn require(&self, name: &str) -> Result<&T> {
        self.known().ok_or_else(|| Error::bug(format!("attribute {name} has no value")).at(name))
    }
}

impl Attr<String> {
    /// The text, if it is known.
    pub fn as_str(&self) -> Option<&str> {
        self.known().map(String::as_str)
    }
}

impl Attr<bool> {
    /// Whether it is known to be true: not set and not known yet are neither.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Known(true))
    }
}

impl<T> From<T> for Attr<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T> From<Option<T>> for Attr<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

/// A Rust type that an attribute can hold.
pub trait AttrValue: Sized {
    /// What the attribute holds.
    fn kind() -> Kind;

    /// Reads a known value.
    fn from_known(value: Value) -> Result<Self>;

    /// Writes the value.
    fn into_value(self) -> Value;

    /// Says what every attribute of this type has in common, such as a check.
    fn tune(_attribute: &mut Attribute) {}
}

impl<T: AttrValue> Attr<T> {
    /// Reads an attribute's value.
    pub fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Unknown => Ok(Self::Unknown),
            // A typed collection cannot say what of it is unknown.
            value if unknown::hides::<T>(&value) => Ok(Self::Unknown),
            known => T::from_known(known).map(Self::Known),
        }
    }

    /// Writes an attribute's value.
    pub fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
            Self::Known(value) => value.into_value(),
        }
    }
}

impl<M: Model> AttrValue for M {
    fn kind() -> Kind {
        Kind::Nested(Nesting::Single, M::attributes())
    }

    fn from_known(value: Value) -> Result<Self> {
        M::from_value(value)
    }

    fn into_value(self) -> Value {
        M::into_value(self)
    }
}

impl AttrValue for String {
    fn kind() -> Kind {
        Kind::Plain(Type::String)
    }

    fn from_known(value: Value) -> Result<Self> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(mismatch("text", &other)),
        }
    }

    fn into_value(self) -> Value {
        Value::String(self)
    }
}

impl AttrValue for bool {
    fn kind() -> Kind {
        Kind::Plain(Type::Bool)
    }

    fn from_known(value: Value) -> Result<Self> {
        value.as_bool().ok_or_else(|| mismatch("true or false", &value))
    }

    fn into_value(self) -> Value {
        Value::Bool(self)
    }
}

impl AttrValue for i64 {
    fn kind() -> Kind {
        Kind::Plain(Type::Number)
    }

    fn from_known(value: Value) -> Result<Self> {
        match &value {
            Value::Number(number) => number
                .as_i64()
                .ok_or_else(|| Error::invalid(format!("{number} is not a whole number"))),
            other => Err(mismatch("a whole number", other)),
        }
    }

    fn into_value(self) -> Value {
        Value::Number(Number::from(self))
    }

    fn tune(attribute: &mut Attribute) {
        // The wire has one kind of number; that this one is whole is a rule.
        attribute.checks.push(Check::Range(i64::MIN, i64::MAX));
    }
}

/// JSON text, compared by meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonText(pub String);

newtype!(JsonText(String), |attribute| {
    attribute.same = Same::Json;
    attribute.api.form = Form::JsonText;
    attribute.checks.push(Check::Text(|text| {
        serde_json::from_str::<serde_json::Value>(text)
            .map(drop)
            .map_err(|error| format!("not valid JSON ({error}); use jsonencode(...)"))
    }));
});

/// Text that must not be shown anywhere.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The text itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

/// By the text, so that what holds a secret can be the key of a cache.
impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}

impl AttrValue for Secret {
    fn kind() -> Kind {
        Kind::Plain(Type::String)
    }

    fn from_known(value: Value) -> Result<Self> {
        String::from_known(value).map(|text| Self(text.into()))
    }

    fn into_value(self) -> Value {
        Value::String(self.expose().to_owned())
    }

    fn tune(attribute: &mut Attribute) {
        attribute.sensitive = true;
    }
}

/// A value of any type.
impl AttrValue for Dynamic {
    fn kind() -> Kind {
        Kind::Plain(Type::Dynamic)
    }

    fn from_known(value: Value) -> Result<Self> {
        match value {
            Value::Dynamic(dynamic) => Ok(*dynamic),
            other => Err(mismatch("a value with its type", &other)),
        }
    }

    fn into_value(self) -> Value {
        Value::Dynamic(Box::new(self))
    }
}

impl<T: AttrValue> AttrValue for Vec<T> {
    fn kind() -> Kind {
        repeated(T::kind(), Nesting::List)
    }

    fn from_known(value: Value) -> Result<Self> {
        elements(value)?
            .into_iter()
            .enumerate()
            .map(|(at, value)| element(value).map_err(|error| error.inside(Step::Index(at))))
            .collect()
    }

    fn into_value(self) -> Value {
        self.into_iter().map(T::into_value).collect()
    }

    fn tune(attribute: &mut Attribute) {
        T::tune(attribute);
    }
}

/// Distinct values without order.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Set<T>(pub Vec<T>);

impl<T: AttrValue> AttrValue for Set<T> {
    fn kind() -> Kind {
        repeated(T::kind(), Nesting::Set)
    }

    fn from_known(value: Value) -> Result<Self> {
        let values = elements(value)?.into_iter().map(element);
        values.collect::<Result<_>>().map_err(Error::inside_set).map(Self)
    }

    fn into_value(self) -> Value {
        let mut values: Vec<_> = self.0.into_iter().map(T::into_value).collect();
        values.sort();
        values.dedup();
        Value::List(values)
    }

    fn tune(attribute: &mut Attribute) {
        T::tune(attribute);
    }
}

impl<T: AttrValue> AttrValue for BTreeMap<String, T> {
    fn kind() -> Kind {
        repeated(T::kind(), Nesting::Map)
    }

    fn from_known(value: Value) -> Result<Self> {
        match value {
            Value::Object(values) => values
                .into_iter()
                .map(|(key, value)| {
                    let value =
                        element(value).map_err(|error| error.inside(Step::Key(key.clone())))?;
                    Ok((key, value))
                })
                .collect(),
            other => Err(mismatch("a map", &other)),
        }
    }

    fn into_value(self) -> Value {
        self.into_iter().map(|(key, value)| (key, value.into_value())).collect()
    }

    fn tune(attribute: &mut Attribute) {
        T::tune(attribute);
    }
}

fn repeated(kind: Kind, nesting: Nesting) -> Kind {
    match kind {
        Kind::Nested(Nesting::Single, attributes) => Kind::Nested(nesting, attributes),
        Kind::Plain(ty) => Kind::Plain(match nesting {
            Nesting::Set => ty.set(),
            Nesting::Map => ty.map(),
            Nesting::List | Nesting::Single => ty.list(),
        }),
        Kind::Nested(..) => unreachable!("the protocol has no lists of lists of objects"),
    }
}

fn elements(value: Value) -> Result<Vec<Value>> {
    if let Value::List(values) = value { Ok(values) } else { Err(mismatch("a list", &value)) }
}

fn element<T: AttrValue>(value: Value) -> Result<T> {
    match value {
        Value::Null => Err(Error::invalid("an element is null; leave it out instead")),
        value => T::from_known(value),
    }
}

fn mismatch(wanted: &str, value: &Value) -> Error {
    let found = match value {
        Value::Null => "null",
        Value::Unknown => "an unknown value",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::List(_) => "a list",
        Value::Object(_) => "an object",
        Value::Dynamic(_) => "a value of any type",
    };
    Error::invalid(format!("found {found} where {wanted} was expected"))
}

/// Takes one attribute out of an object; used by the derive macro.
pub fn take<T: AttrValue>(object: &mut Object, name: &'static str) -> Result<Attr<T>> {
    let value = object.remove(name).unwrap_or_default();
    Attr::from_value(value).map_err(|error| error.inside(Step::Attribute(name.to_owned())))
}

/// Names the type inside an [`Attr`]; used by the derive macro.
pub trait Holds {
    /// The type inside.
    type Held: AttrValue;
}

impl<T: AttrValue> Holds for Attr<T> {
    type Held = T;
}
