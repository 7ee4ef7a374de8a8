//! Configurations made of choices: a list of numbers decides everything, so
//! that a failing case shrinks to the smallest one that fails, and zeros make
//! the smallest configuration that there is.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value as Json;
use terraform_provider_gitops::framework::schema::{Attribute, Check, Kind, Nesting, Presence};
use terraform_provider_gitops::framework::ty::Type;

use super::pool;
use crate::support::core::Ty;
use crate::support::core::Val;
use crate::support::core::value::literal;

/// The choices that are left; past their end all are zero.
#[derive(Debug)]
pub(super) struct Choices<'a>(std::slice::Iter<'a, u16>);

impl<'a> Choices<'a> {
    pub(super) fn new(choices: &'a [u16]) -> Self {
        Self(choices.iter())
    }

    /// A number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % count
    }

    /// True once in `count` times.
    pub(super) fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }
}

/// What texts are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taste {
    /// Texts that pass their checks.
    Valid,
    /// Anything at all.
    Nasty,
}

static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let texts = pool::TEXTS.iter().map(|text| (*text).to_owned());
    texts.chain(pool::made()).collect()
});

/// A configuration of these attributes, wholly known.
pub(super) fn config(attributes: &[Attribute], choices: &mut Choices<'_>, taste: Taste) -> Val {
    let optional: Vec<_> =
        attributes.iter().filter(|attr| attr.is_configurable() && !is_required(attr)).collect();
    // A few of them, each as likely as any other: most of a big schema is left out.
    let count = if optional.is_empty() { 0 } else { choices.below(5.min(optional.len() + 1)) };
    let set: Vec<_> = (0..count).map(|_| optional[choices.below(optional.len())].name).collect();
    let values = attributes.iter().map(|attr| {
        let wanted = is_required(attr) || set.contains(&attr.name);
        let value = if wanted { value(attr, choices, taste) } else { absent(attr) };
        (attr.name.to_owned(), value)
    });
    Val::Map(values.collect())
}

/// The same configuration with some attributes set, changed or taken away.
pub(super) fn changed(
    attributes: &[Attribute],
    before: &Val,
    choices: &mut Choices<'_>,
    taste: Taste,
) -> Val {
    let Val::Map(mut values) = before.clone() else { return before.clone() };
    let configurable: Vec<_> = attributes.iter().filter(|attr| attr.is_configurable()).collect();
    for _ in 0..=choices.below(3) {
        let attr = configurable[choices.below(configurable.len())];
        let slot = values.get_mut(attr.name).expect("every attribute is there");
        *slot = match (&attr.kind, &*slot) {
            (Kind::Nested(Nesting::Single, inner), Val::Map(_)) if !choices.once_in(4) => {
                changed(inner, slot, choices, taste)
            }
            _ if !is_required(attr) && choices.once_in(3) => absent(attr),
            _ => value(attr, choices, taste),
        };
    }
    Val::Map(values)
}

/// The same configuration, with parts of it known only after apply.
pub(super) fn blurred(attributes: &[Attribute], config: &Val, choices: &mut Choices<'_>) -> Val {
    let Val::Map(values) = config else { return config.clone() };
    let blurred = attributes.iter().map(|attr| {
        let value = values.get(attr.name).cloned().unwrap_or(Val::Null);
        if value.is_null() {
            return (attr.name.to_owned(), value);
        }
        // Core knows whether a block is there, even when it knows nothing in it.
        if !attr.block && choices.once_in(4) {
            return (attr.name.to_owned(), Val::Unknown);
        }
        let blurred = match (&attr.kind, value) {
            (Kind::Nested(Nesting::Map, inner), Val::Map(elements)) => Val::Map(
                elements
                    .into_iter()
                    .map(|(key, element)| (key, blurred(inner, &element, choices)))
                    .collect(),
            ),
            (Kind::Nested(_, inner), value) => elementwise(value, &mut |element, block| {
                if !attr.block && block && choices.once_in(6) {
                    return Val::Unknown;
                }
                blurred(inner, &element, choices)
            }),
            (Kind::Plain(_), Val::Dynamic(typed)) => {
                let value = blurred_within(typed.1, choices);
                Val::Dynamic(Box::new((typed.0, value)))
            }
            (Kind::Plain(_), value) => elementwise(value, &mut |element, inside| {
                if inside && choices.once_in(4) { Val::Unknown } else { element }
            }),
        };
        (attr.name.to_owned(), blurred)
    });
    Val::Map(blurred.collect())
}

/// A value that brings its type along, with single values in it known only after apply.
fn blurred_within(value: Val, choices: &mut Choices<'_>) -> Val {
    match value {
        Val::Map(entries) => Val::Map(
            entries.into_iter().map(|(key, value)| (key, blurred_within(value, choices))).collect(),
        ),
        Val::List(elements) => {
            Val::List(elements.into_iter().map(|it| blurred_within(it, choices)).collect())
        }
        Val::String(_) | Val::Number(_) | Val::Bool(_) if choices.once_in(8) => Val::Unknown,
        value => value,
    }
}

/// The same with a text for whatever is unknown.
fn filled(ty: Ty, value: Val) -> (Ty, Val) {
    match (ty, value) {
        (_, Val::Unknown) => (Ty::String, "a".into()),
        (Ty::Object(types), Val::Map(values)) => {
            let entries = types.into_iter().map(|(name, ty)| {
                let value = values.get(&name).cloned().unwrap_or(Val::Null);
                (name, filled(ty, value))
            });
            let (types, values): (BTreeMap<_, _>, BTreeMap<_, _>) =
                entries.map(|(name, (ty, value))| ((name.clone(), ty), (name, value))).unzip();
            (Ty::Object(types), Val::Map(values))
        }
        (Ty::Tuple(types), Val::List(values)) => {
            let (types, values) =
                types.into_iter().zip(values).map(|(ty, value)| filled(ty, value)).unzip();
            (Ty::Tuple(types), Val::List(values))
        }
        known => known,
    }
}

/// Maps the elements of a collection, or the value itself, which is said in the
/// second argument. An object is no collection here.
fn elementwise(value: Val, map: &mut dyn FnMut(Val, bool) -> Val) -> Val {
    match value {
        Val::List(elements) => Val::List(elements.into_iter().map(|e| map(e, true)).collect()),
        Val::Set(elements) => Val::set(elements.into_iter().map(|e| map(e, true)).collect()),
        value => map(value, false),
    }
}

/// A planned state as it may be after its apply: what was unknown has a value.
pub(super) fn settled(attributes: &[Attribute], planned: &Val, choices: &mut Choices<'_>) -> Val {
    let Val::Map(values) = planned else { return planned.clone() };
    let settled = attributes.iter().map(|attr| {
        let planned = values.get(attr.name).cloned().unwrap_or(Val::Null);
        let settled = match (&attr.kind, planned) {
            (_, Val::Unknown) => value(attr, choices, Taste::Valid),
            (Kind::Nested(Nesting::Single, inner), planned) => settled(inner, &planned, choices),
            (Kind::Nested(Nesting::Map, inner), Val::Map(elements)) => Val::Map(
                elements
                    .into_iter()
                    .map(|(key, element)| (key, settled(inner, &element, choices)))
                    .collect(),
            ),
            (Kind::Nested(_, inner), planned) => {
                elementwise(planned, &mut |element, _| settled(inner, &element, choices))
            }
            (Kind::Plain(ty), planned) => known(ty, attr, planned, choices),
        };
        (attr.name.to_owned(), settled)
    });
    Val::Map(settled.collect())
}

fn known(ty: &Type, attr: &Attribute, planned: Val, choices: &mut Choices<'_>) -> Val {
    match (ty, planned) {
        (ty, Val::Unknown) => plain(ty, attr, choices, Taste::Valid),
        (Type::Dynamic, Val::Dynamic(typed)) => Val::Dynamic(Box::new(filled(typed.0, typed.1))),
        (Type::List(ty) | Type::Set(ty), planned) => {
            elementwise(planned, &mut |element, _| known(ty, attr, element, choices))
        }
        (Type::Map(ty), Val::Map(elements)) => Val::Map(
            elements
                .into_iter()
                .map(|(key, element)| (key, known(ty, attr, element, choices)))
                .collect(),
        ),
        (_, planned) => planned,
    }
}

fn is_required(attr: &Attribute) -> bool {
    attr.presence == Presence::Required
}

/// The value of an attribute that is not configured.
fn absent(attr: &Attribute) -> Val {
    match attr.kind {
        Kind::Nested(Nesting::List, _) if attr.block => Val::List(Vec::new()),
        Kind::Nested(Nesting::Set, _) if attr.block => Val::set(Vec::new()),
        _ => Val::Null,
    }
}

fn value(attr: &Attribute, choices: &mut Choices<'_>, taste: Taste) -> Val {
    match &attr.kind {
        Kind::Plain(ty) => plain(ty, attr, choices, taste),
        Kind::Nested(Nesting::Single, inner) => object(inner, choices, taste),
        Kind::Nested(nesting, inner) => {
            let count = count(attr, choices, taste);
            match nesting {
                Nesting::Map => Val::Map(keyed(count, || object(inner, choices, taste))),
                Nesting::Set => {
                    Val::set((0..count).map(|_| object(inner, choices, taste)).collect())
                }
                _ => Val::List((0..count).map(|_| object(inner, choices, taste)).collect()),
            }
        }
    }
}

/// A nested object: its computed attributes are not configured.
fn object(inner: &[Attribute], choices: &mut Choices<'_>, taste: Taste) -> Val {
    config(inner, choices, taste)
}

/// How many elements: as many as are allowed, where that matters.
fn count(attr: &Attribute, choices: &mut Choices<'_>, taste: Taste) -> usize {
    let bounds = attr.checks.iter().find_map(|check| match check {
        Check::Length(least, most) => Some((*least, *most)),
        _ => None,
    });
    let (least, most) = bounds.filter(|_| taste == Taste::Valid).unwrap_or((0, 3));
    // One is more telling than none.
    let few = [1, 2, 0, 3];
    few[choices.below(few.len())].clamp(least, most)
}

fn keyed(count: usize, mut value: impl FnMut() -> Val) -> BTreeMap<String, Val> {
    const KEYS: [&str; 4] = ["team", "app.kubernetes.io/name", "a", "b"];
    (0..count).map(|at| (KEYS[at % KEYS.len()].to_owned(), value())).collect()
}

fn plain(ty: &Type, attr: &Attribute, choices: &mut Choices<'_>, taste: Taste) -> Val {
    match ty {
        Type::String => text(attr, choices, taste).into(),
        Type::Bool => choices.once_in(2).into(),
        Type::Number => number(attr, choices, taste).into(),
        Type::List(ty) => {
            let count = count(attr, choices, taste);
            Val::List((0..count).map(|_| plain(ty, attr, choices, taste)).collect())
        }
        Type::Set(ty) => {
            let count = count(attr, choices, taste);
            Val::set((0..count).map(|_| plain(ty, attr, choices, taste)).collect())
        }
        Type::Map(ty) => {
            let count = count(attr, choices, taste);
            Val::Map(keyed(count, || plain(ty, attr, choices, taste)))
        }
        Type::Dynamic => {
            let pool = pool::anything();
            let json: &Json = &pool[choices.below(pool.len())];
            literal(&Ty::Dynamic, json)
        }
        Type::Tuple(_) | Type::Object(_) => panic!("{}: no attribute is of such a type", attr.name),
    }
}

fn text<'a>(attr: &Attribute, choices: &mut Choices<'_>, taste: Taste) -> &'a str {
    if taste == Taste::Nasty && !choices.once_in(3) {
        return pool::NASTY[choices.below(pool::NASTY.len())];
    }
    let allowed = attr.checks.iter().find_map(|check| match check {
        Check::OneOf(allowed) => Some(*allowed),
        _ => None,
    });
    if let Some(allowed) = allowed {
        return allowed[choices.below(allowed.len())];
    }
    let passes = |text: &str| {
        attr.checks.iter().all(|check| match check {
            Check::Text(rule) => rule(text).is_ok(),
            _ => true,
        })
    };
    // The first that passes, from a place in the pool that is chosen.
    let from = choices.below(TEXTS.len());
    let mut pool = TEXTS[from..].iter().chain(&TEXTS[..from]);
    pool.find(|text| passes(text)).map_or_else(
        || panic!("no text in tests/it/contract/pool.rs passes the checks of {:?}", attr.name),
        String::as_str,
    )
}

fn number(attr: &Attribute, choices: &mut Choices<'_>, taste: Taste) -> i64 {
    const NUMBERS: [i64; 7] = [1, 0, 2, 3600, 443, -1, i64::MAX];
    let number = NUMBERS[choices.below(NUMBERS.len())];
    let ranges = attr.checks.iter().filter_map(|check| match check {
        Check::Range(least, most) => Some((*least, *most)),
        _ => None,
    });
    match taste {
        Taste::Nasty => number,
        Taste::Valid => ranges.fold(number, |number, (least, most)| number.clamp(least, most)),
    }
}
