//! What a configuration block may hold, as data.
//!
//! Everything that is said about an attribute is said here, once: the wire
//! schema, the checks of the configuration, the plan and the mapping to API
//! objects all follow from it. Resources do not build it by hand; the derive
//! macro makes it from a struct.

use std::collections::BTreeMap;

use super::error::Result;
use super::ty::Type;
use super::value::{Object, Value};

/// The schema of a resource, a data source or the provider.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Version of the stored state; rises when old state must be upgraded.
    pub version: i64,
    /// What the thing is, in Markdown.
    pub description: &'static str,
    /// Attributes and blocks, in the order of their names on every level: the
    /// codec walks them beside an object's sorted values.
    pub attributes: Vec<Attribute>,
}

/// One attribute or block.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about an attribute")]
pub struct Attribute {
    /// Name in configurations: snake case.
    pub name: &'static str,
    /// What it means, in Markdown.
    pub description: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Who sets it.
    pub presence: Presence,
    /// Written as a block, without `=`; only for what users paste from other providers.
    pub block: bool,
    /// Hidden in what the CLI prints.
    pub sensitive: bool,
    /// Passed to the provider and kept nowhere.
    pub write_only: bool,
    /// Why and by what it is replaced, if it is on its way out.
    pub deprecated: Option<&'static str>,
    /// Whether a change makes a new object.
    pub replace: Replace,
    /// Computed once: an update keeps what the state holds.
    pub stable: bool,
    /// What an unset optional and computed attribute is planned as.
    pub default: Option<Value>,
    /// Rules for known values.
    pub checks: Vec<Check>,
    /// When two spellings mean the same.
    pub same: Same,
    /// How it travels in API objects.
    pub api: Api,
    /// Whether it tells objects of this type apart; part of the identity.
    pub identity: bool,
    /// Of a part of the identity: whether there are objects without it.
    pub identity_optional: bool,
}

/// What an attribute holds.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A value of a type.
    Plain(Type),
    /// Attributes with a schema of their own.
    Nested(Nesting, Vec<Attribute>),
}

/// How nested attributes repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object or none.
    Single,
    /// In order.
    List,
    /// Without order.
    Set,
    /// By key.
    Map,
}

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The configuration must.
    Required,
    /// The configuration may; nobody else does.
    Optional,
    /// Only the provider does.
    Computed,
    /// The configuration may, else the provider does.
    OptionalComputed,
}

/// Whether a change of an attribute makes a new object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// It is changed in place.
    Never,
    /// Every change does.
    Always,
    /// Only a change that the configuration asks for.
    IfConfigured,
}

/// A rule for a known value.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Every text in the value passes; the error is the rule that is broken.
    Text(fn(&str) -> Result<(), String>),
    /// Every text in the value is one of these.
    OneOf(&'static [&'static str]),
    /// The number is between these, both included.
    Range(i64, i64),
    /// The number of elements is between these, both included.
    Length(usize, usize),
}

/// When two known values of an attribute mean the same.
#[derive(Clone, Copy, Debug)]
pub enum Same {
    /// Only when they are equal.
    Exact,
    /// JSON documents, compared by meaning.
    Json,
    /// Texts, compared by a rule of their own.
    Text(fn(&str, &str) -> bool),
    /// Values of any type, compared as a whole by a rule of their own.
    Whole(fn(&Value, &Value) -> bool),
}

/// How an attribute travels in API objects.
#[derive(Clone, Copy, Debug)]
pub struct Api {
    /// Field of the parent's JSON object, or an absolute path such as
    /// `/metadata/name`; `None` for what only the provider knows.
    pub field: Option<&'static str>,
    /// Shape of the value there.
    pub form: Form,
    /// An object without anything in it is sent, and means something.
    pub keep_empty: bool,
    /// The API leaves out a false and a zero, as Go's tag of that name has it:
    /// that they are not there means the same.
    pub omitempty: bool,
}

/// Shape of a value in an API object, where it differs from the attribute's.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// As in the configuration.
    Plain,
    /// The attribute is JSON text; the API has the document itself.
    JsonText,
    /// The attribute is text; the API wants a number where it reads as one.
    IntOrString,
    /// By functions of the attribute's type.
    Custom {
        /// To the API.
        write: fn(&Value) -> Result<serde_json::Value>,
        /// From the API.
        read: fn(&serde_json::Value) -> Result<Value>,
    },
}

impl Attribute {
    /// An optional attribute with nothing special about it.
    pub fn new(name: &'static str, description: &'static str, kind: Kind) -> Self {
        Self {
            name,
            description,
            kind,
            presence: Presence::Optional,
            block: false,
            sensitive: false,
            write_only: false,
            deprecated: None,
            replace: Replace::Never,
            stable: false,
            default: None,
            checks: Vec::new(),
            same: Same::Exact,
            api: Api { field: None, form: Form::Plain, keep_empty: false, omitempty: false },
            identity: false,
            identity_optional: false,
        }
    }

    /// The type of its values.
    pub fn ty(&self) -> Type {
        match &self.kind {
            Kind::Plain(ty) => ty.clone(),
            Kind::Nested(nesting, attributes) => {
                let object = object_type(attributes);
                match nesting {
                    Nesting::Single => object,
                    Nesting::List => object.list(),
                    Nesting::Set => object.set(),
                    Nesting::Map => object.map(),
                }
            }
        }
    }

    /// Whether the configuration may set it.
    pub fn is_configurable(&self) -> bool {
        self.presence != Presence::Computed
    }

    /// Whether the provider may set it.
    pub fn is_computed(&self) -> bool {
        matches!(self.presence, Presence::Computed | Presence::OptionalComputed)
    }

    /// The value when nothing is configured: empty for repeated blocks, else null.
    pub fn absent(&self) -> Value {
        match &self.kind {
            Kind::Nested(Nesting::List | Nesting::Set, _) if self.block => Value::List(Vec::new()),
            _ => Value::Null,
        }
    }

    /// Whether two values mean the same.
    pub fn same(&self, a: &Value, b: &Value) -> bool {
        match (a, b) {
            _ if a == b => true,
            (a, b) if let Same::Whole(same) = self.same => same(a, b),
            (Value::String(a), Value::String(b)) => match self.same {
                Same::Exact | Same::Whole(_) => false,
                Same::Json => same_json(a, b),
                Same::Text(same) => same(a, b),
            },
            // Texts with a rule, such as policies, one by one.
            (Value::List(a), Value::List(b)) => {
                !matches!(self.same, Same::Exact)
                    && a.len() == b.len()
                    && a.iter().zip(b).all(|(a, b)| self.same(a, b))
            }
            (Value::Object(a), Value::Object(b)) => {
                !matches!(self.same, Same::Exact)
                    && a.len() == b.len()
                    && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| self.same(a, b)))
            }
            _ => false,
        }
    }
}

impl Schema {
    /// A schema, with the attributes brought in order.
    pub fn new(version: i64, description: &'static str, mut attributes: Vec<Attribute>) -> Self {
        sort(&mut attributes);
        Self { version, description, attributes }
    }

    /// A value with every attribute unset.
    pub fn empty(&self) -> Value {
        empty(&self.attributes)
    }

    /// The type of the whole block.
    pub fn ty(&self) -> Type {
        object_type(&self.attributes)
    }

    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

/// An object with every attribute unset.
pub fn empty(attributes: &[Attribute]) -> Value {
    let attributes: Object =
        attributes.iter().map(|attr| (attr.name.to_owned(), attr.absent())).collect();
    Value::Object(attributes)
}

fn sort(attributes: &mut [Attribute]) {
    attributes.sort_by_key(|attr| attr.name);
    for attr in attributes {
        if let Kind::Nested(_, inner) = &mut attr.kind {
            sort(inner);
        }
    }
}

fn object_type(attributes: &[Attribute]) -> Type {
    let types: BTreeMap<_, _> =
        attributes.iter().map(|attr| (attr.name.to_owned(), attr.ty())).collect();
    Type::Object(types)
}

fn same_json(a: &str, b: &str) -> bool {
    let parse = serde_json::from_str::<serde_json::Value>;
    match (parse(a), parse(b)) {
        (Ok(a), Ok(b)) => super::json::same(&a, &b),
        _ => false,
    }
}
