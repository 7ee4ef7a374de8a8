//! Schemas as protobuf.

use super::proto;
use crate::framework::function::{Callable, Parameter};
use crate::framework::identity::IdentityAttribute;
use crate::framework::schema::{Attribute, Kind, Nesting, Presence, Schema};
use crate::framework::ty::Type;

/// The schema of a block that users write.
pub(super) fn schema(schema: &Schema) -> proto::Schema {
    let (blocks, attributes): (Vec<_>, Vec<_>) =
        schema.attributes.iter().partition(|attr| attr.block);
    proto::Schema {
        version: schema.version,
        block: Some(block(schema.description, &attributes, &blocks)),
    }
}

/// The schema of what an action takes.
pub(super) fn action(config: &Schema) -> proto::ActionSchema {
    proto::ActionSchema { schema: Some(schema(config)) }
}

/// The identity of a type of resource.
pub(super) fn identity(attributes: &[IdentityAttribute]) -> proto::ResourceIdentitySchema {
    proto::ResourceIdentitySchema {
        version: 0,
        identity_attributes: attributes
            .iter()
            .map(|attr| proto::resource_identity_schema::IdentityAttribute {
                name: attr.name.to_owned(),
                r#type: type_json(&attr.ty),
                required_for_import: !attr.optional,
                optional_for_import: attr.optional,
                description: attr.description.to_owned(),
            })
            .collect(),
    }
}

/// A function with its parameters.
pub(super) fn function(function: &Callable) -> proto::Function {
    proto::Function {
        parameters: function.parameters.iter().map(parameter).collect(),
        variadic_parameter: function.variadic.as_ref().map(parameter),
        r#return: Some(proto::function::Return { r#type: type_json(&function.returns) }),
        summary: function.summary.to_owned(),
        description: function.description.clone(),
        description_kind: proto::StringKind::Markdown.into(),
        deprecation_message: String::new(),
    }
}

fn parameter(parameter: &Parameter) -> proto::function::Parameter {
    proto::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: type_json(&parameter.ty),
        allow_null_value: parameter.nullable,
        allow_unknown_values: parameter.unknowns,
        description: parameter.description.to_owned(),
        description_kind: proto::StringKind::Markdown.into(),
    }
}

fn block(
    description: &str,
    attributes: &[&Attribute],
    blocks: &[&Attribute],
) -> proto::schema::Block {
    proto::schema::Block {
        version: 0,
        attributes: attributes.iter().map(|attr| attribute(attr)).collect(),
        block_types: blocks.iter().map(|attr| nested_block(attr)).collect(),
        description: description.to_owned(),
        description_kind: proto::StringKind::Markdown.into(),
        ..Default::default()
    }
}

fn nested_block(attr: &Attribute) -> proto::schema::NestedBlock {
    use proto::schema::nested_block::NestingMode;
    let Kind::Nested(nesting, inner) = &attr.kind else {
        unreachable!("a block has attributes of its own")
    };
    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    let (blocks, attributes): (Vec<_>, Vec<_>) = inner.iter().partition(|attr| attr.block);
    proto::schema::NestedBlock {
        type_name: attr.name.to_owned(),
        block: Some(block(attr.description, &attributes, &blocks)),
        nesting: nesting.into(),
        min_items: 0,
        max_items: 0,
    }
}

fn attribute(attr: &Attribute) -> proto::schema::Attribute {
    let (ty, nested_type) = match &attr.kind {
        Kind::Plain(ty) => (type_json(ty), None),
        Kind::Nested(nesting, inner) => (Vec::new(), Some(object(*nesting, inner))),
    };
    proto::schema::Attribute {
        name: attr.name.to_owned(),
        r#type: ty,
        nested_type,
        description: attr.description.to_owned(),
        required: attr.presence == Presence::Required,
        optional: matches!(attr.presence, Presence::Optional | Presence::OptionalComputed),
        computed: attr.is_computed(),
        sensitive: attr.sensitive,
        description_kind: proto::StringKind::Markdown.into(),
        deprecated: attr.deprecated.is_some(),
        write_only: attr.write_only,
        deprecation_message: attr.deprecated.unwrap_or_default().to_owned(),
    }
}

fn object(nesting: Nesting, attributes: &[Attribute]) -> proto::schema::Object {
    use proto::schema::object::NestingMode;
    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    proto::schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: nesting.into(),
        ..Default::default()
    }
}

fn type_json(ty: &Type) -> Vec<u8> {
    ty.to_json().to_string().into_bytes()
}
