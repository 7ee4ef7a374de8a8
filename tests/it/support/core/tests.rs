//! That the core's assertions can fail: each rule, broken on purpose.

mod driver;
mod rules;
mod schemas;
mod values;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use terraform_provider_gitops::rpc::proto;
use terraform_provider_gitops::rpc::proto::attribute_path::{Step, step::Selector};

use super::Ty;
use super::schema::{Attribute, Block, NestedBlock, Nesting, Shape};
use super::value::Val;

/// An attribute that is `"required"`, `"optional"`, `"computed"`, both of the
/// last or `"write_only"`.
fn attribute(presence: &str, shape: Shape) -> Attribute {
    Attribute {
        shape,
        required: presence == "required",
        optional: presence.contains("optional") || presence == "write_only",
        computed: presence.contains("computed"),
        sensitive: false,
        write_only: presence == "write_only",
        description: String::new(),
        deprecated: false,
        deprecation_message: String::new(),
    }
}

fn text(presence: &str) -> Attribute {
    attribute(presence, Shape::Plain(Ty::String))
}

fn named<T, const N: usize>(entries: [(&str, T); N]) -> BTreeMap<String, T> {
    entries.into_iter().map(|(name, entry)| (name.to_owned(), entry)).collect()
}

/// A schema with something of every kind.
fn block() -> Block {
    let inner = || {
        named([
            ("key", text("required")),
            ("id", text("computed")),
            ("either", text("optional computed")),
        ])
    };
    let nested = |nesting| attribute("optional", Shape::Nested(nesting, inner()));
    let inner_block = Block { attributes: inner(), ..Block::default() };
    let blocks = |nesting| NestedBlock { nesting, block: inner_block.clone(), items: (0, 0) };
    Block {
        attributes: named([
            ("name", text("required")),
            ("note", text("optional")),
            ("id", text("computed")),
            ("size", text("optional computed")),
            ("secret", text("write_only")),
            ("texts", attribute("optional", Shape::Plain(Ty::List(Box::new(Ty::String))))),
            ("labels", attribute("optional", Shape::Plain(Ty::Map(Box::new(Ty::String))))),
            ("single", nested(Nesting::Single)),
            ("list", nested(Nesting::List)),
            ("map", nested(Nesting::Map)),
            ("set", nested(Nesting::Set)),
            ("opinion", attribute("optional computed", Shape::Nested(Nesting::Single, inner()))),
            ("any", attribute("optional", Shape::Plain(Ty::Dynamic))),
        ]),
        blocks: named([
            ("one", blocks(Nesting::Single)),
            ("rule", blocks(Nesting::List)),
            ("rules", blocks(Nesting::Set)),
            ("keyed", blocks(Nesting::Map)),
        ]),
        description: String::new(),
    }
}

fn value(json: &Json) -> Val {
    if json.is_null() { Val::Null } else { block().literal(json) }
}

/// Merges `change` into `{"name": "n"}`.
fn with(change: &Json) -> Json {
    let mut json = json!({"name": "n"});
    if let (Some(json), Some(change)) = (json.as_object_mut(), change.as_object()) {
        json.extend(change.clone());
    }
    json
}

fn path<const N: usize>(steps: [Selector; N]) -> proto::AttributePath {
    let step = |selector| Step { selector: Some(selector) };
    proto::AttributePath { steps: steps.into_iter().map(step).collect() }
}

fn name(name: &str) -> Selector {
    Selector::AttributeName(name.to_owned())
}
