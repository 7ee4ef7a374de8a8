//! The state that core proposes to the provider: the configuration, with what
//! the provider computed before where it still may hold.

use std::collections::BTreeMap;

use super::schema::{Attribute, Block, Nesting, Shape};
use super::value::Val;

/// What core proposes for a configuration and the state before, which is null
/// for a create. Nothing is unknown in it but what the configuration leaves so.
pub(crate) fn proposed(block: &Block, prior: &Val, config: &Val) -> Val {
    if config.is_null() || !config.is_known() {
        return config.clone();
    }
    let mut object = attributes(&block.attributes, prior, config);
    for (name, nested) in &block.blocks {
        let (prior, config) = (prior.get(name), config.get(name));
        let value =
            repeat(nested.nesting, prior, config, &nested.block.attributes, &|prior, config| {
                proposed(&nested.block, prior, config)
            });
        object.insert(name.clone(), value);
    }
    Val::Map(object)
}

fn attributes(
    attributes: &BTreeMap<String, Attribute>,
    prior: &Val,
    config: &Val,
) -> BTreeMap<String, Val> {
    attributes
        .iter()
        .map(|(name, attr)| (name.clone(), value(attr, prior.get(name), config.get(name))))
        .collect()
}

fn value(attr: &Attribute, prior: &Val, config: &Val) -> Val {
    if attr.write_only {
        // Core sends these with the configuration only.
        return Val::Null;
    }
    match &attr.shape {
        _ if attr.computed && config.is_null() => {
            if attr.optional && was_configured(attr, prior) {
                return config.clone();
            }
            prior.clone()
        }
        Shape::Nested(nesting, inner) => {
            repeat(*nesting, prior, config, inner, &|prior, config| {
                if config.is_null() || !config.is_known() {
                    return config.clone();
                }
                Val::Map(attributes(inner, prior, config))
            })
        }
        Shape::Plain(_) => config.clone(),
    }
}

/// Whether an optional and computed object holds what only a configuration can
/// have set: then it is the configuration that took it away.
fn was_configured(attr: &Attribute, prior: &Val) -> bool {
    let Shape::Nested(nesting, inner) = &attr.shape else { return false };
    let set = |object: &Val| {
        inner.iter().any(|(name, attr)| {
            let value = object.get(name);
            !value.is_null() && (!attr.computed || was_configured(attr, value))
        })
    };
    match nesting {
        Nesting::Single | Nesting::Group => set(prior),
        Nesting::Map => prior.entries().any(|(_, element)| set(element)),
        Nesting::List | Nesting::Set => prior.elements().iter().any(set),
    }
}

fn repeat(
    nesting: Nesting,
    prior: &Val,
    config: &Val,
    inner: &BTreeMap<String, Attribute>,
    element: &dyn Fn(&Val, &Val) -> Val,
) -> Val {
    if config.is_null() || !config.is_known() {
        return config.clone();
    }
    match nesting {
        Nesting::Single | Nesting::Group => element(prior, config),
        Nesting::List => {
            let elements = config.elements().iter().enumerate();
            Val::List(elements.map(|(at, config)| element(prior.at(at), config)).collect())
        }
        Nesting::Map => Val::Map(
            config
                .entries()
                .map(|(key, config)| (key.clone(), element(prior.get(key), config)))
                .collect(),
        ),
        Nesting::Set => {
            let mut left: Vec<_> = prior.elements().iter().collect();
            let elements = config.elements().iter().map(|config| {
                let found = left.iter().position(|prior| may_be(inner, prior, config));
                let prior = found.map_or(&Val::Null, |at| left.remove(at));
                element(prior, config)
            });
            Val::set(elements.collect())
        }
    }
}

/// Whether an element of the state may be the one that is configured: they
/// differ at most in what the configuration leaves to the provider.
fn may_be(attributes: &BTreeMap<String, Attribute>, prior: &Val, config: &Val) -> bool {
    attributes.iter().all(|(name, attr)| {
        let (prior, config) = (prior.get(name), config.get(name));
        prior == config || (attr.computed && config.is_null())
    })
}
