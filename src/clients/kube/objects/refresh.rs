//! One list instead of many reads.
//!
//! A refresh reads every object of the state once, each in a call of its own.
//! When several objects of one kind and namespace are asked for, a list of them
//! all is cheaper than the single reads that are still to come. So:
//!
//! - the first few reads go out singly; then one list is made, and the reads
//!   after it are answered from it;
//! - a kind and namespace that holds far more objects than were asked for is
//!   not listed to the end: after the first page reads go on singly, until so
//!   many were asked for that the whole list would pay;
//! - each listed object answers one read and is dropped (a refresh reads each
//!   object once), so that memory holds what is still to be read;
//! - a list answers for [`AGE`] at most, and never for an object that was
//!   written by this process after the list was begun;
//! - Secrets are never listed: others' secrets are none of our business, and
//!   permissions for them are given by name.
//!
//! Only reads that ask for [`Freshness::Recent`](super::Freshness) come here.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::value::RawValue;

use super::super::object::{ObjectKind, ObjectRef};
use super::super::target::Target;

/// How old a list may be to answer from.
const AGE: Duration = Duration::from_secs(15);
/// A list of this many objects costs about as much as one single read. Measured
/// with objects of 4 kB on loopback, ten reads at a time: 1.2 ms for a read, 0.1
/// ms for an object in a list. Over a network both grow alike, the one by the
/// round trip and the other by the transfer.
const OBJECTS_PER_READ: usize = 10;
/// Taken as the number of objects before the first list: the ninth read lists.
const FIRST_GUESS: usize = 8 * OBJECTS_PER_READ;

/// Lists by target, kind and namespace.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    batches: Mutex<HashMap<Place, Arc<Batch>>>,
}

/// Cluster, kind and namespace.
type Place = (Target, ObjectKind, Option<String>);

/// What is known of the objects of one kind in one namespace of one cluster.
#[derive(Debug)]
pub(super) struct Batch {
    state: Mutex<State>,
    /// Held by the reader that makes the list; the others wait for it.
    pub(super) listing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    /// Names read lately, from whatever source.
    asked: HashSet<String>,
    /// How many objects there are, as far as is known.
    count: usize,
    list: Option<List>,
    /// When this process last wrote to an object.
    written: HashMap<String, Instant>,
    /// Lists are not allowed.
    refused: bool,
}

/// Objects as the server listed them, not yet parsed.
#[derive(Debug)]
pub(super) struct List {
    /// When the list was asked for: what happened later may not be in it.
    pub(super) begun: Instant,
    /// By name; `None` once handed out.
    pub(super) objects: HashMap<String, Option<Box<RawValue>>>,
    /// How many more there are than were listed.
    pub(super) more: usize,
}

/// How to answer a read.
#[derive(Debug)]
pub(super) enum Answer {
    /// From the list: the object, or that there is none.
    Known(Option<Box<RawValue>>),
    /// By making a list.
    List,
    /// By reading the object alone.
    Single,
}

impl Refresh {
    /// The batch for an object, unless its kind is not to be listed.
    pub(super) fn batch(&self, target: &Target, object: &ObjectRef) -> Option<Arc<Batch>> {
        let kind = &object.kind;
        if kind.group().is_empty() && kind.kind == "Secret" {
            return None;
        }
        let key = (target.clone(), kind.clone(), object.namespace.clone());
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        Some(batches.entry(key).or_default().clone())
    }

    /// Notes that an object is being written, until the guard is dropped.
    pub(super) fn writing(&self, target: &Target, object: &ObjectRef) -> Writing {
        let batch = self.batch(target, object);
        let writing = Writing { batch, name: object.name.clone() };
        writing.note();
        writing
    }
}

/// A write on its way: lists begun before its end do not answer for the object.
#[derive(Debug)]
pub(super) struct Writing {
    batch: Option<Arc<Batch>>,
    name: String,
}

impl Writing {
    fn note(&self) {
        if let Some(batch) = &self.batch {
            batch.state().written.insert(self.name.clone(), Instant::now());
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.note();
    }
}

impl Default for Batch {
    fn default() -> Self {
        let state = State {
            asked: HashSet::new(),
            count: FIRST_GUESS,
            list: None,
            written: HashMap::new(),
            refused: false,
        };
        Self { state: Mutex::new(state), listing: tokio::sync::Mutex::default() }
    }
}

impl Batch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how to answer a read of `name`.
    pub(super) fn look(&self, name: &str) -> Answer {
        let state = &mut *self.state();
        if state.list.as_ref().is_some_and(|list| list.begun.elapsed() >= AGE) {
            state.list = None;
            state.asked.clear();
        }
        state.asked.insert(name.to_string());
        if let Some(list) = &mut state.list {
            if state.written.get(name).is_some_and(|&at| at >= list.begun) {
                return Answer::Single;
            }
            match list.objects.get_mut(name).map(Option::take) {
                Some(Some(object)) => return Answer::Known(Some(object)),
                // Handed out before.
                Some(None) => return Answer::Single,
                None if list.more == 0 => return Answer::Known(None),
                None => {}
            }
        }
        let pays = state.asked.len() * OBJECTS_PER_READ > state.count;
        if pays && !state.refused { Answer::List } else { Answer::Single }
    }

    /// How many objects a list may have to be worth going on with.
    pub(super) fn worth(&self) -> usize {
        self.state().asked.len() * OBJECTS_PER_READ
    }

    /// Keeps a list.
    pub(super) fn keep(&self, list: List) {
        let mut state = self.state();
        state.count = list.objects.len().saturating_add(list.more).max(FIRST_GUESS);
        // Older writes are in the list.
        state.written.retain(|_, at| *at >= list.begun);
        state.list = Some(list);
    }

    /// Gives lists up.
    pub(super) fn refuse(&self) {
        self.state().refused = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLICATION: ObjectKind =
        ObjectKind::new("argoproj.io/v1alpha1", "Application", "applications");

    fn list(names: &[&str], more: usize) -> List {
        let raw = |name: &&str| {
            let object = RawValue::from_string(format!("{{\"n\":\"{name}\"}}")).unwrap();
            ((*name).to_string(), Some(object))
        };
        List { begun: Instant::now(), objects: names.iter().map(raw).collect(), more }
    }

    fn known(answer: Answer) -> Option<String> {
        match answer {
            Answer::Known(object) => object.map(|object| object.get().to_string()),
            other => panic!("{other:?} is not known"),
        }
    }

    #[test]
    fn the_ninth_different_object_makes_a_list() {
        let batch = Batch::default();
        for n in 0..8 {
            for _ in 0..2 {
                assert!(matches!(batch.look(&n.to_string()), Answer::Single));
            }
        }
        assert!(matches!(batch.look("8"), Answer::List));
    }

    #[test]
    fn a_listed_object_answers_one_read() {
        let batch = Batch::default();
        batch.keep(list(&["a"], 0));
        assert_eq!(known(batch.look("a")).unwrap(), "{\"n\":\"a\"}");
        assert!(matches!(batch.look("a"), Answer::Single));
    }

    #[test]
    fn a_whole_list_also_knows_what_is_not_there() {
        let batch = Batch::default();
        batch.keep(list(&["a"], 0));
        assert_eq!(known(batch.look("b")), None);
        batch.keep(list(&["a"], 1));
        assert!(matches!(batch.look("b"), Answer::Single));
    }

    #[test]
    fn a_written_object_is_read_alone_until_a_later_list() {
        let refresh = Refresh::default();
        let target = Target::InCluster;
        let object = APPLICATION.namespaced("argocd", "a");
        let batch = refresh.batch(&target, &object).unwrap();
        let early = list(&["a", "b"], 0);
        drop(refresh.writing(&target, &object));
        batch.keep(early);
        assert!(matches!(batch.look("a"), Answer::Single));
        assert!(known(batch.look("b")).is_some());
        batch.keep(list(&["a"], 0));
        assert!(known(batch.look("a")).is_some());
    }

    #[test]
    fn a_list_made_during_a_write_does_not_answer_for_it() {
        let refresh = Refresh::default();
        let object = APPLICATION.namespaced("argocd", "a");
        let writing = refresh.writing(&Target::InCluster, &object);
        let batch = refresh.batch(&Target::InCluster, &object).unwrap();
        batch.keep(list(&["a"], 0));
        drop(writing);
        assert!(matches!(batch.look("a"), Answer::Single));
    }

    #[test]
    fn an_old_list_answers_nothing() {
        let batch = Batch::default();
        let old = Instant::now().checked_sub(AGE).unwrap();
        batch.keep(List { begun: old, ..list(&["a"], 0) });
        assert!(matches!(batch.look("a"), Answer::Single));
    }

    #[test]
    fn a_crowded_namespace_is_listed_again_only_when_it_pays() {
        let batch = Batch::default();
        for n in 0..9 {
            batch.look(&n.to_string());
        }
        assert_eq!(batch.worth(), 9 * OBJECTS_PER_READ);
        batch.keep(list(&[], 9 * OBJECTS_PER_READ + 1));
        for n in 0..9 {
            assert!(matches!(batch.look(&n.to_string()), Answer::Single));
        }
        assert!(matches!(batch.look("9"), Answer::List));
    }

    #[test]
    fn lists_that_are_not_allowed_are_not_tried_again() {
        let batch = Batch::default();
        batch.refuse();
        assert!((0..20).all(|n| matches!(batch.look(&n.to_string()), Answer::Single)));
    }

    #[test]
    fn secrets_are_never_listed() {
        let secret = ObjectKind::new("v1", "Secret", "secrets").namespaced("argocd", "a");
        assert!(Refresh::default().batch(&Target::InCluster, &secret).is_none());
    }
}
