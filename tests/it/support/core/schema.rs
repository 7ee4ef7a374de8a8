//! Schemas as core has them: read from protobuf, and checked as core's
//! `InternalValidate` checks them.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use terraform_provider_gitops::rpc::proto;

use super::ty::Ty;
use super::value::{Val, literal};

/// A block: a resource's or the provider's, or one nested in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    pub(crate) attributes: BTreeMap<String, Attribute>,
    pub(crate) blocks: BTreeMap<String, NestedBlock>,
    pub(crate) description: String,
}

/// An attribute.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the protocol's own fields")]
pub(crate) struct Attribute {
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    pub(crate) optional: bool,
    pub(crate) computed: bool,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
    pub(crate) description: String,
    pub(crate) deprecated: bool,
    pub(crate) deprecation_message: String,
}

/// What an attribute holds.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Plain(Ty),
    Nested(Nesting, BTreeMap<String, Attribute>),
}

/// A block within a block.
#[derive(Clone, Debug)]
pub(crate) struct NestedBlock {
    pub(crate) nesting: Nesting,
    pub(crate) block: Block,
    pub(crate) items: (i64, i64),
}

/// How something nested repeats; a group is a single block that is never null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nesting {
    Single,
    Group,
    List,
    Set,
    Map,
}

impl Block {
    /// Reads a block; what is wrong with it is added to `wrong`.
    pub(crate) fn read(block: &proto::schema::Block, at: &str, wrong: &mut Vec<String>) -> Self {
        if block.version < 0 {
            wrong.push(format!("{at}: the block has the version {}", block.version));
        }
        let mut read = Self {
            attributes: attributes(&block.attributes, at, wrong),
            blocks: BTreeMap::new(),
            description: block.description.clone(),
        };
        for nested in &block.block_types {
            let name = &nested.type_name;
            let at = format!("{at}.{name}");
            let Some(inner) = &nested.block else {
                wrong.push(format!("{at}: the block type has no block, and the host panics"));
                continue;
            };
            let nested = NestedBlock {
                nesting: block_nesting(nested.nesting, &at, wrong),
                block: Self::read(inner, &at, wrong),
                items: (nested.min_items, nested.max_items),
            };
            nested.check(&at, wrong);
            name_is_legal(name, &at, wrong);
            if read.attributes.contains_key(name) {
                wrong.push(format!("{at}: there is an attribute of that name too"));
            }
            if read.blocks.insert(name.clone(), nested).is_some() {
                wrong.push(format!("{at}: there are two blocks of that name"));
            }
        }
        read
    }

    /// The type of an object of it.
    pub(crate) fn ty(&self) -> Ty {
        let attributes = self.attributes.iter().map(|(name, attr)| (name.clone(), attr.ty()));
        let blocks = self.blocks.iter().map(|(name, nested)| (name.clone(), nested.ty()));
        Ty::Object(attributes.chain(blocks).collect())
    }

    /// A configuration that a test writes in JSON, as core decodes it from HCL:
    /// a repeated block that is not there is empty.
    pub(crate) fn literal(&self, json: &Json) -> Val {
        self.with_blocks(literal(&self.ty(), json))
    }

    /// The same value, with empty collections for blocks that are not there.
    pub(crate) fn with_blocks(&self, value: Val) -> Val {
        let Val::Map(mut object) = value else { return value };
        for (name, nested) in &self.blocks {
            let fill = |value| nested.block.with_blocks(value);
            let slot = object.entry(name.clone()).or_insert(Val::Null);
            *slot = match (nested.nesting, std::mem::replace(slot, Val::Null)) {
                (Nesting::List, Val::Null) => Val::List(Vec::new()),
                (Nesting::Set, Val::Null) => Val::set(Vec::new()),
                (Nesting::Map, Val::Null) => Val::Map(BTreeMap::new()),
                (Nesting::Map, Val::Map(elements)) => {
                    Val::Map(elements.into_iter().map(|(key, value)| (key, fill(value))).collect())
                }
                (_, Val::List(elements)) => Val::List(elements.into_iter().map(fill).collect()),
                (_, Val::Set(elements)) => Val::set(elements.into_iter().map(fill).collect()),
                (_, value) => fill(value),
            };
        }
        Val::Map(object)
    }

    /// Adds to `broken` the write-only attributes that have a value here: nothing
    /// that the provider sends may hold one.
    pub(crate) fn written_only(&self, value: &Val, at: &str, broken: &mut Vec<String>) {
        self.values(value, at, &mut |at, attr, value| {
            if attr.write_only && !value.is_null() {
                broken.push(format!("{at}: a write-only value comes back"));
            }
        });
    }

    /// Whether a write-only attribute has a value here.
    pub(crate) fn has_write_only(&self, value: &Val) -> bool {
        let mut has = false;
        self.values(value, "", &mut |_, attr, value| has |= attr.write_only && !value.is_null());
        has
    }

    /// Adds to `broken` the attributes that have a value here and may not be configured.
    pub(crate) fn configured_only(&self, value: &Val, broken: &mut Vec<String>) {
        self.values(value, "", &mut |at, attr, value| {
            if !attr.required && !attr.optional && !value.is_null() {
                broken.push(format!("{at}: only the provider sets it"));
            }
        });
    }

    /// Calls `visit` for every attribute of a value on every level, with its path.
    fn values(&self, value: &Val, at: &str, visit: &mut dyn FnMut(&str, &Attribute, &Val)) {
        values(&self.attributes, value, at, visit);
        for (name, nested) in &self.blocks {
            let at = format!("{at}.{name}");
            each(nested.nesting, value.get(name), &mut |value| {
                nested.block.values(value, &at, visit);
            });
        }
    }

    /// Calls `visit` for every attribute on every level, with its path.
    pub(crate) fn walk(&self, at: &str, visit: &mut impl FnMut(&str, &Attribute)) {
        walk(&self.attributes, at, visit);
        for (name, nested) in &self.blocks {
            nested.block.walk(&format!("{at}.{name}"), visit);
        }
    }
}

fn walk(
    attributes: &BTreeMap<String, Attribute>,
    at: &str,
    visit: &mut impl FnMut(&str, &Attribute),
) {
    for (name, attr) in attributes {
        let at = format!("{at}.{name}");
        visit(&at, attr);
        if let Shape::Nested(_, inner) = &attr.shape {
            walk(inner, &at, visit);
        }
    }
}

fn values(
    attributes: &BTreeMap<String, Attribute>,
    value: &Val,
    at: &str,
    visit: &mut dyn FnMut(&str, &Attribute, &Val),
) {
    for (name, attr) in attributes {
        let (at, value) = (format!("{at}.{name}"), value.get(name));
        visit(&at, attr, value);
        if let Shape::Nested(nesting, inner) = &attr.shape {
            each(*nesting, value, &mut |value| values(inner, value, &at, visit));
        }
    }
}

fn each(nesting: Nesting, value: &Val, visit: &mut dyn FnMut(&Val)) {
    match nesting {
        Nesting::Single | Nesting::Group => visit(value),
        Nesting::List | Nesting::Set => value.elements().iter().for_each(visit),
        Nesting::Map => value.entries().for_each(|(_, value)| visit(value)),
    }
}

impl Attribute {
    /// The type of its values.
    pub(crate) fn ty(&self) -> Ty {
        match &self.shape {
            Shape::Plain(ty) => ty.clone(),
            Shape::Nested(nesting, inner) => {
                let types = inner.iter().map(|(name, attr)| (name.clone(), attr.ty())).collect();
                repeated(*nesting, Ty::Object(types))
            }
        }
    }

    fn read(attr: &proto::schema::Attribute, at: &str, wrong: &mut Vec<String>) -> Self {
        let shape = match (&attr.nested_type, attr.r#type.is_empty()) {
            (None, false) => Shape::Plain(Ty::read(&attr.r#type).unwrap_or_else(|error| {
                wrong.push(format!("{at}: {error}, and the host panics"));
                Ty::Dynamic
            })),
            (Some(object), true) => Shape::Nested(
                object_nesting(object.nesting, at, wrong),
                attributes(&object.attributes, at, wrong),
            ),
            (Some(_), false) => {
                wrong.push(format!("{at}: has both a type and a nested type"));
                Shape::Plain(Ty::Dynamic)
            }
            (None, true) => {
                wrong.push(format!("{at}: has neither a type nor a nested type"));
                Shape::Plain(Ty::Dynamic)
            }
        };
        Self {
            shape,
            required: attr.required,
            optional: attr.optional,
            computed: attr.computed,
            sensitive: attr.sensitive,
            write_only: attr.write_only,
            description: attr.description.clone(),
            deprecated: attr.deprecated,
            deprecation_message: attr.deprecation_message.clone(),
        }
    }

    fn check(&self, at: &str, wrong: &mut Vec<String>) {
        let mut broken = |rule: &str| wrong.push(format!("{at}: {rule}"));
        if !self.required && !self.optional && !self.computed {
            broken("is neither required nor optional nor computed");
        }
        if self.required && self.optional {
            broken("is both required and optional");
        }
        if self.required && self.computed {
            broken("is both required and computed");
        }
        if self.write_only && self.computed {
            broken("is both write-only and computed");
        }
        if self.write_only && !self.required && !self.optional {
            broken("is write-only, and nobody can set it");
        }
        match &self.shape {
            Shape::Plain(ty) if dynamic_in_set(ty) => broken("is a set with dynamic elements"),
            Shape::Nested(Nesting::Set, inner) => {
                if inner.values().any(|attr| attr.ty().has_dynamic()) {
                    broken("is a set with dynamic attributes in its elements");
                }
                if inner.values().any(Self::has_write_only) {
                    broken("is a set with write-only attributes in its elements");
                }
            }
            // The elements of a list and of a map have one type.
            Shape::Nested(Nesting::List | Nesting::Map, inner)
                if inner.values().any(|attr| attr.ty().has_dynamic()) =>
            {
                broken("repeats dynamic attributes, whose types must not differ but can");
            }
            _ => {}
        }
    }

    fn has_write_only(&self) -> bool {
        let inside = match &self.shape {
            Shape::Nested(_, inner) => inner.values().any(Self::has_write_only),
            Shape::Plain(_) => false,
        };
        self.write_only || inside
    }
}

impl NestedBlock {
    /// The type of its values.
    pub(crate) fn ty(&self) -> Ty {
        repeated(self.nesting, self.block.ty())
    }

    fn check(&self, at: &str, wrong: &mut Vec<String>) {
        let (least, most) = self.items;
        let legal = match self.nesting {
            Nesting::Single => least == most && (0..=1).contains(&least),
            Nesting::Group | Nesting::Map => least == 0 && most == 0,
            Nesting::List | Nesting::Set => least >= 0 && (most == 0 || least <= most),
        };
        if !legal {
            wrong.push(format!("{at}: {least} to {most} items do not go with {:?}", self.nesting));
        }
        if self.nesting == Nesting::Set {
            if self.block.ty().has_dynamic() {
                wrong.push(format!("{at}: is a set of blocks with dynamic attributes"));
            }
            self.block.walk(at, &mut |at, attr| {
                if attr.write_only {
                    wrong.push(format!("{at}: is write-only within a set of blocks"));
                }
            });
        }
    }
}

fn attributes(
    attributes: &[proto::schema::Attribute],
    at: &str,
    wrong: &mut Vec<String>,
) -> BTreeMap<String, Attribute> {
    let mut read = BTreeMap::new();
    for attr in attributes {
        let at = format!("{at}.{}", attr.name);
        name_is_legal(&attr.name, &at, wrong);
        let checked = Attribute::read(attr, &at, wrong);
        checked.check(&at, wrong);
        if read.insert(attr.name.clone(), checked).is_some() {
            wrong.push(format!("{at}: there are two attributes of that name"));
        }
    }
    read
}

fn name_is_legal(name: &str, at: &str, wrong: &mut Vec<String>) {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(legal) {
        wrong.push(format!("{at}: the name has more than lower case letters, digits and _"));
    }
}

fn dynamic_in_set(ty: &Ty) -> bool {
    match ty {
        Ty::Set(ty) => ty.has_dynamic(),
        Ty::List(ty) | Ty::Map(ty) => dynamic_in_set(ty),
        Ty::Tuple(types) => types.iter().any(dynamic_in_set),
        Ty::Object(types) => types.values().any(dynamic_in_set),
        Ty::String | Ty::Number | Ty::Bool | Ty::Dynamic => false,
    }
}

fn repeated(nesting: Nesting, object: Ty) -> Ty {
    match nesting {
        Nesting::Single | Nesting::Group => object,
        Nesting::List => Ty::List(Box::new(object)),
        Nesting::Set => Ty::Set(Box::new(object)),
        Nesting::Map => Ty::Map(Box::new(object)),
    }
}

fn block_nesting(nesting: i32, at: &str, wrong: &mut Vec<String>) -> Nesting {
    use proto::schema::nested_block::NestingMode;
    match NestingMode::try_from(nesting) {
        Ok(NestingMode::Single) => Nesting::Single,
        Ok(NestingMode::Group) => Nesting::Group,
        Ok(NestingMode::List) => Nesting::List,
        Ok(NestingMode::Set) => Nesting::Set,
        Ok(NestingMode::Map) => Nesting::Map,
        _ => no_nesting(nesting, at, wrong),
    }
}

fn object_nesting(nesting: i32, at: &str, wrong: &mut Vec<String>) -> Nesting {
    use proto::schema::object::NestingMode;
    match NestingMode::try_from(nesting) {
        Ok(NestingMode::Single) => Nesting::Single,
        Ok(NestingMode::List) => Nesting::List,
        Ok(NestingMode::Set) => Nesting::Set,
        Ok(NestingMode::Map) => Nesting::Map,
        _ => no_nesting(nesting, at, wrong),
    }
}

fn no_nesting(nesting: i32, at: &str, wrong: &mut Vec<String>) -> Nesting {
    wrong.push(format!("{at}: {nesting} is no nesting mode"));
    Nesting::Single
}
