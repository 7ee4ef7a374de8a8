//! What makes core say "Provider produced inconsistent final plan" and
//! "Provider produced inconsistent result after apply".

use super::schema::{Block, NestedBlock, Nesting};
use super::value::Val;

/// How `actual` is not what `planned` promised: after the apply, or at the plan
/// that is made again right before it.
pub(crate) fn violations(block: &Block, planned: &Val, actual: &Val) -> Vec<String> {
    let mut broken = Vec::new();
    object(block, planned, actual, "", &mut broken);
    broken
}

fn object(block: &Block, planned: &Val, actual: &Val, at: &str, broken: &mut Vec<String>) {
    match (planned.is_null(), actual.is_null()) {
        (true, true) => return,
        (true, false) => return broken.push(format!("{at}: was absent, but is present now")),
        (false, true) => return broken.push(format!("{at}: was present, but is absent now")),
        (false, false) => {}
    }
    for (name, attr) in &block.attributes {
        let mut found = Vec::new();
        value(planned.get(name), actual.get(name), &format!("{at}.{name}"), &mut found);
        if attr.sensitive && !found.is_empty() {
            found = vec![format!("{at}.{name}: inconsistent values for a sensitive attribute")];
        }
        broken.extend(found);
    }
    for (name, nested) in &block.blocks {
        blocks(nested, planned.get(name), actual.get(name), &format!("{at}.{name}"), broken);
    }
}

fn blocks(nested: &NestedBlock, planned: &Val, actual: &Val, at: &str, broken: &mut Vec<String>) {
    // A dynamic block that was unknown may have become any number of blocks.
    if !planned.is_known() {
        return;
    }
    let (before, after) = (planned.elements(), actual.elements());
    match nested.nesting {
        Nesting::Single | Nesting::Group => object(&nested.block, planned, actual, at, broken),
        Nesting::List if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                object(&nested.block, before, after, &format!("{at}[{index}]"), broken);
            }
        }
        Nesting::List => {
            broken.push(format!("{at}: {} blocks became {}", before.len(), after.len()));
        }
        Nesting::Set => sets(before, after, at, broken, |before, after| {
            violations(&nested.block, before, after).is_empty()
        }),
        Nesting::Map => keys(planned, actual, at, broken, |before, after, at, broken| {
            object(&nested.block, before, after, at, broken);
        }),
    }
}

fn value(planned: &Val, actual: &Val, at: &str, broken: &mut Vec<String>) {
    if !planned.is_known() {
        return;
    }
    if !actual.is_known() {
        return broken.push(format!("{at}: was known, but is unknown now"));
    }
    match (planned, actual) {
        (Val::Null, Val::Null) => {}
        (Val::List(before), Val::List(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                value(before, after, &format!("{at}[{index}]"), broken);
            }
        }
        (Val::Set(before), Val::Set(after)) => {
            sets(before, after, at, broken, |before, after| {
                let mut found = Vec::new();
                value(before, after, at, &mut found);
                found.is_empty()
            });
        }
        (Val::Map(_), Val::Map(_)) => keys(planned, actual, at, broken, value),
        (Val::Dynamic(before), Val::Dynamic(after)) => value(&before.1, &after.1, at, broken),
        (before, after) if before == after => {}
        (before, after) => broken.push(format!("{at}: was {before:?}, but is {after:?} now")),
    }
}

/// Each element of either side must be possible on the other; unknown ones may
/// have turned out to be the same.
fn sets(
    before: &[Val],
    after: &[Val],
    at: &str,
    broken: &mut Vec<String>,
    fits: impl Fn(&Val, &Val) -> bool,
) {
    if after.len() > before.len() {
        broken.push(format!("{at}: {} elements became {}", before.len(), after.len()));
    }
    for planned in before {
        if !after.iter().any(|actual| fits(planned, actual)) {
            broken.push(format!("{at}: the planned element {planned:?} is not there"));
        }
    }
    for actual in after {
        if !before.iter().any(|planned| fits(planned, actual)) {
            broken.push(format!("{at}: the element {actual:?} was not planned"));
        }
    }
}

fn keys(
    planned: &Val,
    actual: &Val,
    at: &str,
    broken: &mut Vec<String>,
    mut element: impl FnMut(&Val, &Val, &str, &mut Vec<String>),
) {
    for (key, before) in planned.entries() {
        let at = format!("{at}[{key:?}]");
        match actual.entries().find(|(name, _)| *name == key) {
            Some((_, after)) => element(before, after, &at, broken),
            None => broken.push(format!("{at}: the element has vanished")),
        }
    }
    for (key, _) in actual.entries() {
        if !planned.entries().any(|(name, _)| name == key) {
            broken.push(format!("{at}[{key:?}]: a new element has appeared"));
        }
    }
}
