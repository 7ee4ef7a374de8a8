//! Schemas that core refuses, and what may not be stored.

use serde_json::json;
use terraform_provider_gitops::rpc::proto;
use terraform_provider_gitops::rpc::proto::schema::Block as Schema;
use terraform_provider_gitops::rpc::proto::schema::nested_block::NestingMode as Blocks;
use terraform_provider_gitops::rpc::proto::schema::object::NestingMode as Objects;

use super::super::identity::Identity;
use super::super::schema::{Block, Nesting, Shape};
use super::{attribute, block, named, text};

#[test]
fn a_write_only_value_that_comes_back_is_caught() {
    let mut block = block();
    let pin = || named([("pin", text("write_only"))]);
    let list = attribute("optional", Shape::Nested(Nesting::List, pin()));
    block.attributes.insert("pins".into(), list);
    let value = block.literal(&json!({"secret": "s", "pins": [{}, {"pin": "p"}]}));
    let mut broken = Vec::new();
    block.written_only(&value, "x", &mut broken);
    assert_eq!(broken.len(), 2, "{broken:?}");
}

/// A schema whose one attribute or block is changed by `change`.
fn wrong(change: impl FnOnce(&mut Schema)) -> Vec<String> {
    let attribute = proto::schema::Attribute {
        name: "name".into(),
        r#type: b"\"string\"".to_vec(),
        optional: true,
        ..Default::default()
    };
    let mut block = proto::schema::Block { attributes: vec![attribute], ..Default::default() };
    change(&mut block);
    let mut wrong = Vec::new();
    Block::read(&block, "x", &mut wrong);
    wrong
}

/// A change of a schema, and the rule that it breaks.
type Case = (Box<dyn Fn(&mut Schema)>, &'static str);

fn nested(nesting: Objects, change: fn(&mut proto::schema::Attribute)) -> impl Fn(&mut Schema) {
    move |block| {
        let mut inner = block.attributes[0].clone();
        change(&mut inner);
        let attributes = vec![inner];
        let nesting = nesting.into();
        let object = proto::schema::Object { attributes, nesting, ..Default::default() };
        block.attributes[0].r#type.clear();
        block.attributes[0].nested_type = Some(object);
    }
}
fn nested_block(nesting: Blocks, items: (i64, i64)) -> impl Fn(&mut Schema) {
    move |block| {
        block.block_types.push(proto::schema::NestedBlock {
            type_name: "rule".into(),
            block: Some(Schema { attributes: block.attributes.clone(), ..Default::default() }),
            nesting: nesting.into(),
            min_items: items.0,
            max_items: items.1,
        });
    }
}

fn dynamic(attr: &mut proto::schema::Attribute) {
    attr.r#type = b"\"dynamic\"".to_vec();
}

fn caught(cases: Vec<Case>) {
    for (change, rule) in cases {
        let found = wrong(change);
        assert!(found.iter().any(|found| found.contains(rule)), "{rule}: {found:?}");
    }
}

#[test]
fn an_attribute_that_core_refuses_is_caught() {
    assert_eq!(wrong(|_| {}), [""; 0]);
    caught(vec![
        (Box::new(|b| b.attributes[0].optional = false), "neither required nor optional nor"),
        (Box::new(|b| b.attributes[0].required = true), "both required and optional"),
        (
            Box::new(|b| {
                b.attributes[0].optional = false;
                b.attributes[0].required = true;
                b.attributes[0].computed = true;
            }),
            "both required and computed",
        ),
        (
            Box::new(|b| {
                b.attributes[0].computed = true;
                b.attributes[0].write_only = true;
            }),
            "both write-only and computed",
        ),
        (Box::new(|b| b.attributes[0].name = "Name".into()), "lower case letters"),
        (Box::new(|b| b.attributes.push(b.attributes[0].clone())), "two attributes of that name"),
        (Box::new(|b| b.attributes[0].r#type = b"\"text\"".to_vec()), "is no type"),
        (Box::new(|b| b.attributes[0].r#type = b"[\"list\"]".to_vec()), "is no type"),
        (Box::new(|b| b.attributes[0].r#type = b"{".to_vec()), "is no JSON"),
        (Box::new(|b| b.attributes[0].r#type.clear()), "neither a type nor a nested type"),
        (
            Box::new(|b| b.attributes[0].nested_type = Some(proto::schema::Object::default())),
            "both a type and a nested type",
        ),
        (
            Box::new(|b| b.attributes[0].r#type = b"[\"set\",\"dynamic\"]".to_vec()),
            "a set with dynamic elements",
        ),
        (Box::new(nested(Objects::Invalid, |_| {})), "is no nesting mode"),
        (Box::new(nested(Objects::Set, dynamic)), "a set with dynamic attributes"),
        (Box::new(nested(Objects::List, dynamic)), "repeats dynamic attributes"),
        (Box::new(nested(Objects::Set, |attr| attr.write_only = true)), "a set with write-only"),
    ]);
}

#[test]
fn a_block_that_core_refuses_is_caught() {
    caught(vec![
        (Box::new(|b| b.version = -1), "the block has the version -1"),
        (Box::new(nested_block(Blocks::Invalid, (0, 0))), "is no nesting mode"),
        (Box::new(nested_block(Blocks::Single, (0, 1))), "0 to 1 items do not go with Single"),
        (Box::new(nested_block(Blocks::Map, (1, 1))), "1 to 1 items do not go with Map"),
        (Box::new(nested_block(Blocks::List, (2, 1))), "2 to 1 items do not go with List"),
        (
            Box::new(move |b| {
                dynamic(&mut b.attributes[0]);
                nested_block(Blocks::Set, (0, 0))(b);
            }),
            "a set of blocks with dynamic attributes",
        ),
        (
            Box::new(|b| {
                b.attributes[0].write_only = true;
                nested_block(Blocks::Set, (0, 0))(b);
            }),
            "write-only within a set of blocks",
        ),
        (
            Box::new(|b| {
                nested_block(Blocks::List, (0, 0))(b);
                b.block_types[0].type_name = "name".into();
            }),
            "an attribute of that name too",
        ),
        (
            Box::new(|b| {
                nested_block(Blocks::List, (0, 0))(b);
                b.block_types.push(b.block_types[0].clone());
            }),
            "two blocks of that name",
        ),
        (
            Box::new(|b| {
                nested_block(Blocks::List, (0, 0))(b);
                b.block_types[0].block = None;
            }),
            "has no block",
        ),
    ]);
}

#[test]
fn an_identity_that_core_refuses_is_caught() {
    use proto::resource_identity_schema::IdentityAttribute;
    let good = IdentityAttribute {
        name: "name".into(),
        r#type: b"\"string\"".to_vec(),
        required_for_import: true,
        ..Default::default()
    };
    let found = |attributes: Vec<IdentityAttribute>| {
        let schema = proto::ResourceIdentitySchema { version: 0, identity_attributes: attributes };
        let mut wrong = Vec::new();
        Identity::read(&schema, &block(), "x", &mut wrong);
        wrong
    };
    assert_eq!(found(vec![good.clone()]), [""; 0]);
    let cases = [
        (vec![], "nothing is in the identity"),
        (
            vec![IdentityAttribute { optional_for_import: true, ..good.clone() }],
            "either required or optional",
        ),
        (vec![IdentityAttribute { name: "x".into(), ..good.clone() }], "no attribute of"),
        (
            vec![IdentityAttribute { r#type: b"[\"map\",\"string\"]".to_vec(), ..good }],
            "neither primitive",
        ),
    ];
    for (attributes, rule) in cases {
        let found = found(attributes);
        assert!(found.iter().any(|found| found.contains(rule)), "{rule}: {found:?}");
    }
}
