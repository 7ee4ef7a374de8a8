//! What makes core say "Provider produced invalid plan".

use std::collections::BTreeMap;

use super::schema::{Attribute, Block, Nesting, Shape};
use super::value::Val;

/// The rules that a planned state breaks, for a configuration and the state before.
pub(crate) fn violations(block: &Block, prior: &Val, config: &Val, planned: &Val) -> Vec<String> {
    let mut broken = Vec::new();
    object(block, prior, config, planned, "", &mut broken);
    broken
}

fn object(
    block: &Block,
    prior: &Val,
    config: &Val,
    planned: &Val,
    at: &str,
    broken: &mut Vec<String>,
) {
    if !existence(config, planned, at, broken) {
        return;
    }
    attributes(&block.attributes, prior, config, planned, at, broken);
    for (name, nested) in &block.blocks {
        let at = format!("{at}.{name}");
        let (prior, config, planned) = (prior.get(name), config.get(name), planned.get(name));
        if planned == config {
            continue;
        }
        if !config.is_known() {
            broken.push(format!("{at}: an unknown dynamic block was changed"));
            continue;
        }
        if !planned.is_known() {
            broken.push(format!("{at}: a block is unknown as a whole"));
            continue;
        }
        let repeats = !matches!(nested.nesting, Nesting::Single | Nesting::Group);
        if repeats && planned.is_null() {
            broken.push(format!("{at}: no repeated blocks are null instead of empty"));
            continue;
        }
        let mut element = |at: &str, prior: &Val, config: &Val, planned: &Val| {
            if planned.is_known() {
                object(&nested.block, prior, config, planned, at, broken);
            } else {
                broken.push(format!("{at}: a block is unknown as a whole"));
            }
        };
        match nested.nesting {
            Nesting::Single | Nesting::Group => element(&at, prior, config, planned),
            Nesting::List => match lengths(config, planned) {
                Ok(length) => (0..length).for_each(|index| {
                    let at = format!("{at}[{index}]");
                    element(&at, prior.at(index), config.at(index), planned.at(index));
                }),
                Err(error) => broken.push(format!("{at}: {error}")),
            },
            Nesting::Map => match keys(config, planned) {
                Ok(keys) => keys.iter().for_each(|key| {
                    element(
                        &format!("{at}[{key:?}]"),
                        prior.get(key),
                        config.get(key),
                        planned.get(key),
                    );
                }),
                Err(error) => broken.push(format!("{at}: {error}")),
            },
            // The elements of a set cannot be told apart; core trusts the provider.
            Nesting::Set => {
                if planned.elements().iter().any(|element| !element.is_known()) {
                    broken.push(format!("{at}: a block is unknown as a whole"));
                }
            }
        }
    }
}

fn attributes(
    attributes: &BTreeMap<String, Attribute>,
    prior: &Val,
    config: &Val,
    planned: &Val,
    at: &str,
    broken: &mut Vec<String>,
) {
    for (name, attr) in attributes {
        let at = format!("{at}.{name}");
        value(attr, prior.get(name), config.get(name), planned.get(name), &at, broken);
    }
}

fn value(
    attr: &Attribute,
    prior: &Val,
    config: &Val,
    planned: &Val,
    at: &str,
    broken: &mut Vec<String>,
) {
    if attr.write_only {
        if !planned.is_null() {
            broken.push(format!("{at}: a write-only attribute is planned as {planned:?}"));
        }
        return;
    }
    if planned == config || (attr.computed && !attr.optional) {
        return;
    }
    // Another spelling of the same, which the state holds.
    if planned == prior && !prior.is_null() && !config.is_null() {
        return;
    }
    if config.is_null() {
        if !attr.computed {
            broken.push(format!("{at}: is not configured, and planned as {planned:?}"));
        }
        return;
    }
    match &attr.shape {
        Shape::Nested(nesting, inner) => {
            nested(*nesting, inner, prior, config, planned, at, broken);
        }
        Shape::Plain(_) => broken.push(format!("{at}: is {config:?}, and planned as {planned:?}")),
    }
}

fn nested(
    nesting: Nesting,
    inner: &BTreeMap<String, Attribute>,
    prior: &Val,
    config: &Val,
    planned: &Val,
    at: &str,
    broken: &mut Vec<String>,
) {
    if !existence(config, planned, at, broken) {
        return;
    }
    if !config.is_known() {
        broken.push(format!("{at}: is unknown, and planned as {planned:?}"));
        return;
    }
    if !planned.is_known() {
        broken.push(format!("{at}: is configured, and planned as unknown"));
        return;
    }
    let mut element = |at: &str, prior: &Val, config: &Val, planned: &Val| {
        if planned == config {
            return;
        }
        if !planned.is_known() || !config.is_known() {
            broken.push(format!("{at}: an element is {config:?}, and planned as {planned:?}"));
        } else if existence(config, planned, at, broken) {
            attributes(inner, prior, config, planned, at, broken);
        }
    };
    match nesting {
        Nesting::Single | Nesting::Group => element(at, prior, config, planned),
        Nesting::List => match lengths(config, planned) {
            Ok(length) => (0..length).for_each(|index| {
                let at = format!("{at}[{index}]");
                element(&at, prior.at(index), config.at(index), planned.at(index));
            }),
            Err(error) => broken.push(format!("{at}: {error}")),
        },
        Nesting::Map => match keys(config, planned) {
            Ok(keys) => keys.iter().for_each(|key| {
                let at = format!("{at}[{key:?}]");
                element(&at, prior.get(key), config.get(key), planned.get(key));
            }),
            Err(error) => broken.push(format!("{at}: {error}")),
        },
        Nesting::Set => {
            let (wanted, found) = (config.elements().len(), planned.elements().len());
            let unknown = config.elements().iter().any(|element| !element.is_wholly_known());
            // What is unknown may yet turn out to be the same.
            if found > wanted || (found < wanted && !unknown) {
                broken.push(format!("{at}: {wanted} elements are planned as {found}"));
            }
        }
    }
}

/// Whether both are there; an error when only one is.
fn existence(config: &Val, planned: &Val, at: &str, broken: &mut Vec<String>) -> bool {
    match (config.is_null(), planned.is_null()) {
        (false, true) => broken.push(format!("{at}: is configured, and planned for absence")),
        (true, false) => broken.push(format!("{at}: is not configured, and planned to exist")),
        (both, _) => return !both,
    }
    false
}

fn lengths(config: &Val, planned: &Val) -> Result<usize, String> {
    let (wanted, found) = (config.elements().len(), planned.elements().len());
    if wanted == found {
        Ok(wanted)
    } else {
        Err(format!("{wanted} elements are planned as {found}"))
    }
}

fn keys<'a>(config: &'a Val, planned: &Val) -> Result<Vec<&'a String>, String> {
    let wanted: Vec<_> = config.entries().map(|(key, _)| key).collect();
    let found: Vec<_> = planned.entries().map(|(key, _)| key).collect();
    if wanted == found {
        Ok(wanted)
    } else {
        Err(format!("the elements {wanted:?} are planned as {found:?}"))
    }
}
