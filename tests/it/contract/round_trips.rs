//! Values on their way in and out: with every leaf known, null and unknown.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use terraform_provider_gitops::framework::schema::Schema;
use terraform_provider_gitops::framework::{Managed, Provider as _};
use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::codec::{Shape, decode, encode};

use super::core;
use crate::support::core::schema::{Attribute, Nesting, Shape::Nested};
use crate::support::core::value::{self, to_json};
use crate::support::core::{Block, Stored, Ty, Val};

fn sample(ty: &Ty) -> Json {
    match ty {
        Ty::String => json!("text"),
        Ty::Number => json!(7),
        Ty::Bool => json!(true),
        Ty::Dynamic => json!({"any": [1, "thing", null]}),
        Ty::List(ty) | Ty::Set(ty) => json!([sample(ty)]),
        Ty::Map(ty) => json!({"key": sample(ty)}),
        Ty::Tuple(types) => types.iter().map(sample).collect(),
        Ty::Object(types) => {
            let attributes = types.iter().map(|(name, ty)| (name.clone(), sample(ty)));
            attributes.collect::<Map<_, _>>().into()
        }
    }
}

/// The same value once for everything in it, with `other` in the place of that.
fn each_replaced(value: &Val, other: &Val) -> Vec<Val> {
    match value {
        Val::Map(entries) => entries
            .iter()
            .flat_map(|(key, value)| each_with(value, other).into_iter().map(move |v| (key, v)))
            .map(|(key, value)| {
                let mut entries = entries.clone();
                entries.insert(key.clone(), value);
                Val::Map(entries)
            })
            .collect(),
        Val::List(elements) => in_elements(elements, other).map(Val::List).collect(),
        Val::Set(elements) => in_elements(elements, other).map(Val::set).collect(),
        Val::Dynamic(typed) => each_with(&typed.1, other)
            .into_iter()
            .map(|value| Val::Dynamic(Box::new((typed.0.clone(), value))))
            .collect(),
        _ => Vec::new(),
    }
}

fn in_elements<'a>(elements: &'a [Val], other: &'a Val) -> impl Iterator<Item = Vec<Val>> + 'a {
    let each = elements.iter().enumerate();
    let each =
        each.flat_map(|(at, value)| each_with(value, other).into_iter().map(move |v| (at, v)));
    each.map(|(at, value)| {
        let mut elements = elements.to_vec();
        elements[at] = value;
        elements
    })
}

/// `other` itself, and the value with `other` in the place of everything in it.
fn each_with(value: &Val, other: &Val) -> Vec<Val> {
    std::iter::once(other.clone()).chain(each_replaced(value, other)).collect()
}

/// The same without write-only values, which no state holds.
fn stored(attributes: &BTreeMap<String, Attribute>, value: &Val) -> Val {
    let Val::Map(entries) = value else { return value.clone() };
    let stored = entries.iter().map(|(name, value)| {
        let value = match (attributes.get(name), value) {
            (Some(attr), _) if attr.write_only => Val::Null,
            (Some(Attribute { shape: Nested(nesting, inner), .. }), value) => match value {
                Val::List(all) => Val::List(all.iter().map(|v| stored(inner, v)).collect()),
                Val::Set(all) => Val::set(all.iter().map(|v| stored(inner, v)).collect()),
                Val::Map(all) if *nesting == Nesting::Map => {
                    Val::Map(all.iter().map(|(key, v)| (key.clone(), stored(inner, v))).collect())
                }
                value => stored(inner, value),
            },
            (_, value) => value.clone(),
        };
        (name.clone(), value)
    });
    Val::Map(stored.collect())
}

fn survives(name: &str, block: &Block, schema: &Schema, sent: &Val) {
    let ty = block.ty();
    let bytes = value::encode(&ty, sent);
    let received = decode(Shape::Object(&schema.attributes), &bytes);
    let received = received.unwrap_or_else(|error| panic!("{name}: {error}: {sent:?}"));
    let answered = encode(Shape::Object(&schema.attributes), &received).expect("it fits");
    assert_eq!(&value::decode(&ty, &answered).expect("it fits"), sent, "{name}");
    // Of what is unknown core says more than the provider has to.
    if sent.is_wholly_known() {
        assert_eq!(answered, bytes, "{name}: core and the provider write the same bytes");
    }
}

/// Known, and with each leaf and each branch null and unknown.
fn variants(block: &Block) -> [Vec<Val>; 3] {
    let known = block.literal(&sample(&block.ty()));
    let [null, unknown] = [Val::Null, Val::Unknown].map(|other| each_replaced(&known, &other));
    assert!(null.len() > 5 && null.len() == unknown.len());
    [vec![known], null, unknown]
}

#[tokio::test]
async fn every_value_survives_the_codec() {
    let core = core().await;
    let registry = registry();
    let provider = Provider::schema();
    let schemas = registry.resources().map(|managed| (managed.name(), managed.schema()));
    for (name, schema) in schemas.chain([("provider", &provider)]) {
        let block = core.resources.get(name).map_or(&core.provider, |resource| &resource.block);
        assert_eq!(block.ty().to_json(), schema.ty().to_json(), "{name}");
        let variants = variants(block);
        variants.iter().flatten().for_each(|value| survives(name, block, schema, value));
    }
}

#[tokio::test]
async fn every_value_survives_the_state_file() {
    let core = core().await;
    for managed in registry().resources() {
        let resource = core.resource(managed.name());
        let [known, null, _] = variants(&resource.block);
        for value in known.iter().chain(&null) {
            let value = &stored(&resource.block.attributes, value);
            let stored = Stored {
                version: resource.version,
                value: to_json(&resource.ty, value),
                private: vec![],
                identity: None,
                tainted: false,
            };
            let read = core.upgrade(managed.name(), &stored).await;
            // No provider stores a null where an object or a block is an element.
            let Ok(read) = read else {
                assert!(has_null_element(value), "{}: {read:?}: {value:?}", managed.name());
                continue;
            };
            let block = &resource.block;
            assert_eq!(read, block.with_blocks(value.clone()), "{}", managed.name());
        }
    }
}

fn has_null_element(value: &Val) -> bool {
    let is_or_has = |value: &Val| value.is_null() || has_null_element(value);
    match value {
        Val::List(elements) | Val::Set(elements) => elements.iter().any(is_or_has),
        // Of objects and maps alike: an attribute may be null, and what is in it be looked at.
        Val::Map(entries) => entries
            .iter()
            .any(|(key, v)| if key == "key" { is_or_has(v) } else { has_null_element(v) }),
        _ => false,
    }
}

/// Every leaf of a model takes what its schema lets through.
#[tokio::test]
async fn every_model_takes_every_value() {
    let core = core().await;
    let takes = |managed: &Managed<Provider>, sent: &Val| {
        let ty = &core.resource(managed.name()).ty;
        let shape = Shape::Object(&managed.schema().attributes);
        let config = decode(shape, &value::encode(ty, sent)).expect("it fits");
        for said in managed.validate(&config) {
            let bug = said.detail.contains("bug in the provider");
            assert!(!bug && !said.detail.contains("was expected"), "{}: {said:?}", managed.name());
        }
    };
    for managed in registry().resources() {
        let variants = variants(&core.resource(managed.name()).block);
        variants.iter().flatten().for_each(|value| takes(managed, value));
    }
}
