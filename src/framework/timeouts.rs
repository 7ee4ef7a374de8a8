//! The `timeouts` block.

use std::time::Duration;

use gitops_derive::Model;

use super::checks::{go_duration, parse_go_duration};
use super::model::Attr;
use super::value::Value;

/// How long each operation may take, waiting included.
#[derive(Clone, Debug, Default, Model)]
pub struct Timeouts {
    /// For a create, as in `30m` or `1h30m`.
    #[attr(check = go_duration)]
    pub create: Attr<String>,
    /// For a refresh.
    #[attr(check = go_duration)]
    pub read: Attr<String>,
    /// For an update.
    #[attr(check = go_duration)]
    pub update: Attr<String>,
    /// For a destroy.
    #[attr(check = go_duration)]
    pub delete: Attr<String>,
}

/// What an operation does, for its time and its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// A new object.
    Create,
    /// A refresh, or finding what is imported.
    Read,
    /// A change in place.
    Update,
    /// The end of an object.
    Delete,
}

impl Verb {
    /// Its name in the `timeouts` block.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// As in "creating `gitops_application`".
    pub fn doing(self) -> &'static str {
        match self {
            Self::Create => "creating",
            Self::Read => "reading",
            Self::Update => "updating",
            Self::Delete => "deleting",
        }
    }
}

/// How long operations of a type take at most, where the user says nothing.
#[derive(Clone, Copy, Debug)]
pub struct DefaultTimeouts {
    /// For a create.
    pub create: Duration,
    /// For a refresh.
    pub read: Duration,
    /// For an update.
    pub update: Duration,
    /// For a destroy.
    pub delete: Duration,
}

impl DefaultTimeouts {
    /// The same for each operation that changes something, five minutes for a refresh.
    pub const fn minutes(minutes: u64) -> Self {
        let time = Duration::from_secs(minutes * 60);
        Self { create: time, read: Duration::from_mins(5), update: time, delete: time }
    }

    /// The time for one operation on an object with these values.
    pub fn limit(&self, verb: Verb, values: &Value) -> Duration {
        let configured = values.get("timeouts").get(verb.name());
        configured.as_str().and_then(|text| parse_go_duration(text).ok()).unwrap_or(match verb {
            Verb::Create => self.create,
            Verb::Read => self.read,
            Verb::Update => self.update,
            Verb::Delete => self.delete,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_beats_the_default() {
        let timeouts = Value::from_iter([("create".to_owned(), Value::from("90s"))]);
        let values = Value::from_iter([("timeouts".to_owned(), timeouts)]);
        let defaults = DefaultTimeouts::minutes(20);
        assert_eq!(defaults.limit(Verb::Create, &values), Duration::from_secs(90));
        assert_eq!(defaults.limit(Verb::Delete, &values), Duration::from_mins(20));
        assert_eq!(defaults.limit(Verb::Read, &Value::Null), Duration::from_mins(5));
    }
}
