//! What of a live object is not as the manifest has it.
//!
//! Only what the manifest sets is looked at. The elements of a list are found
//! the way the API merges them, which the object's `managedFields` tell: by key
//! fields, by value, or by place where the list is one field as a whole.
//!
//! What differs the moment it was applied differs because the API or a webhook
//! writes it otherwise. It is remembered by a digest, and is no drift as long
//! as it stays what it became.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use super::content::{self, canonical};
use super::field_path::{FieldPath, below};
use super::spelling;
use crate::clients::kube::{Elements, FieldSet, written_fields};

/// What an apply turned out to be otherwise than it was sent, by JSON pointers into the manifest.
pub(super) type Rewritten = BTreeMap<String, String>;

/// For what is not there at all.
const ABSENT: &str = "absent";

/// What the manifest says, as the live object has it: `ours` where nothing differs.
pub(super) fn seen(ours: &Json, live: &Json, rewritten: &Rewritten, ignored: &[FieldPath]) -> Json {
    let mut differ = |at: &str, ours: &Json, live: Option<&Json>| {
        let known = rewritten.get(at).is_some_and(|known| *known == digest(live));
        if known { Some(ours.clone()) } else { live.cloned() }
    };
    compare(ours, live, ignored, &mut differ)
}

/// What of `ours` says nothing and is not there, of an object that was never applied here: typed
/// APIs drop what is empty.
pub(super) fn dropped(ours: &Json, live: &Json) -> Rewritten {
    let mut found = Rewritten::new();
    let mut differ = |at: &str, ours: &Json, live: Option<&Json>| {
        let empty = match ours {
            Json::Object(fields) => fields.is_empty(),
            Json::Array(elements) => elements.is_empty(),
            _ => false,
        };
        if empty && live.is_none() {
            found.insert(at.to_owned(), digest(live));
        }
        live.cloned()
    };
    compare(ours, live, &[], &mut differ);
    found
}

/// What an apply of `ours` turned out to be otherwise than it was sent.
pub(super) fn rewritten(ours: &Json, applied: &Json) -> Rewritten {
    let mut found = Rewritten::new();
    let mut differ = |at: &str, ours: &Json, live: Option<&Json>| {
        found.insert(at.to_owned(), digest(live));
        Some(ours.clone())
    };
    compare(ours, applied, &[], &mut differ);
    found
}

fn compare(ours: &Json, live: &Json, ignored: &[FieldPath], differ: &mut Differ<'_>) -> Json {
    let ignored: Vec<_> = ignored.iter().map(FieldPath::pointer).collect();
    let written = written_fields(live);
    let live = content::comparable(ours, live);
    let mut look = Look { ignored: &ignored, differ };
    look.value("", ours, Some(&live), Some(&written)).unwrap_or(Json::Null)
}

/// A look at a live object.
struct Look<'a> {
    /// JSON pointers of what is not looked at.
    ignored: &'a [String],
    differ: &'a mut Differ<'a>,
}

/// What is seen of something that differs: where it is, what the manifest and what the live object
/// has.
type Differ<'a> = dyn FnMut(&str, &Json, Option<&Json>) -> Option<Json> + 'a;

impl Look<'_> {
    /// What is seen of a value; `None` when it is not there.
    fn value(
        &mut self,
        at: &str,
        ours: &Json,
        live: Option<&Json>,
        written: Option<&FieldSet>,
    ) -> Option<Json> {
        if ours.is_null() || self.ignored.iter().any(|ignored| ignored == at) {
            return Some(ours.clone());
        }
        let Some(live) = live.filter(|live| !live.is_null()) else {
            return (self.differ)(at, ours, None);
        };
        match (ours, live) {
            (Json::Object(ours), Json::Object(live)) => {
                let fields = ours.iter().filter_map(|(name, ours)| {
                    let written = written.and_then(|written| written.field(name));
                    let seen = self.value(&below(at, name), ours, live.get(name), written)?;
                    Some((name.clone(), seen))
                });
                Some(Json::Object(fields.collect::<Map<_, _>>()))
            }
            (Json::Array(elements), Json::Array(found)) => {
                match written.map_or(Elements::Places, FieldSet::elements) {
                    Elements::Places => self.places(at, ours, elements, live, found),
                    Elements::Keys(keys) => {
                        Some(self.keyed(at, elements, found, written, |ours, live| {
                            keys.iter().all(|key| has_key(ours, live, key))
                        }))
                    }
                    Elements::Values => {
                        Some(self.keyed(at, elements, found, written, |ours, live| ours == live))
                    }
                }
            }
            _ if spelling::same(at, ours, live) => Some(ours.clone()),
            _ => (self.differ)(at, ours, Some(live)),
        }
    }

    /// A list that is one field: an element that somebody added is drift.
    fn places(
        &mut self,
        at: &str,
        list: &Json,
        ours: &[Json],
        whole: &Json,
        live: &[Json],
    ) -> Option<Json> {
        if ours.len() != live.len() {
            let seen = (self.differ)(at, list, Some(whole))?;
            if seen == *list {
                return Some(seen);
            }
        }
        let elements = live.iter().enumerate().filter_map(|(index, live)| match ours.get(index) {
            Some(ours) => self.value(&format!("{at}/{index}"), ours, Some(live), None),
            None => Some(live.clone()),
        });
        Some(Json::Array(elements.collect()))
    }

    /// A list whose elements are merged one by one: those of others are theirs.
    fn keyed(
        &mut self,
        at: &str,
        ours: &[Json],
        live: &[Json],
        written: Option<&FieldSet>,
        is: impl Fn(&Json, &Json) -> bool,
    ) -> Json {
        let mut left: Vec<_> = live.iter().collect();
        let elements = ours.iter().enumerate().filter_map(|(index, ours)| {
            let found = left.iter().position(|live| is(ours, live)).map(|at| left.remove(at));
            let written = found.and_then(|found| written?.element(found));
            self.value(&format!("{at}/{index}"), ours, found, written)
        });
        Json::Array(elements.collect())
    }
}

/// Whether an element of ours is the one that is live, by one of its keys. What we leave out has a
/// default that only the API knows.
fn has_key(ours: &Json, live: &Json, key: &str) -> bool {
    match ours.get(key) {
        None | Some(Json::Null) => true,
        Some(ours) => spelling::same("", ours, &live[key]),
    }
}

fn digest(live: Option<&Json>) -> String {
    let Some(live) = live else { return ABSENT.to_owned() };
    let hash = Sha256::digest(live.to_string());
    hash.iter().take(16).fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// Whether two manifests mean the same, apart from what is ignored.
pub(super) fn same(a: &Json, b: &Json, ignored: &[FieldPath]) -> bool {
    let [a, b] = [a, b].map(|document| canonical(&without(document.clone(), ignored)));
    alike("", &a, &b, |a, b| a.len() == b.len())
}

/// Whether all that a manifest says is so in another one, which may say more.
pub(super) fn covers(more: &Json, less: &Json) -> bool {
    alike("", &canonical(less), &canonical(more), |_, _| true)
}

/// Whether two objects have fields enough in common.
type Enough = fn(&Map<String, Json>, &Map<String, Json>) -> bool;

/// Whether every field of `a` means the same in `b`, and `enough` says so of the objects.
fn alike(at: &str, a: &Json, b: &Json, enough: Enough) -> bool {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => {
            enough(a, b)
                && a.iter().all(|(name, a)| {
                    b.get(name).is_some_and(|b| alike(&below(at, name), a, b, enough))
                })
        }
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(at, a, b, enough))
        }
        (a, b) => spelling::same(at, a, b),
    }
}

fn without(mut document: Json, ignored: &[FieldPath]) -> Json {
    for path in ignored {
        if let Some(ignored) = document.pointer_mut(&path.pointer()) {
            *ignored = Json::Null;
        }
    }
    document
}

/// What is sent, with what others may change as it is in the cluster.
pub(super) fn keep_live(content: &mut Json, live: &Json, ignored: &[FieldPath]) {
    let mut differ = |_: &str, ours: &Json, live: Option<&Json>| Some(live.unwrap_or(ours).clone());
    // Elements of lists have the places that they have in the manifest.
    let live = compare(content, live, &[], &mut differ);
    for path in ignored {
        let pointer = path.pointer();
        if let Some((ours, live)) = content.pointer_mut(&pointer).zip(live.pointer(&pointer)) {
            *ours = live.clone();
        }
    }
}

#[cfg(test)]
mod tests;
