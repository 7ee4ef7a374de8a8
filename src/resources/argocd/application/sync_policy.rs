//! When and how an application is synchronised.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::framework::checks::parse_go_duration;
use crate::framework::{Attr, Model};

/// When and how an application is synchronised.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SyncPolicy {
    /// Synchronise by itself whenever the sources have changed. An empty block turns it on with
    /// everything else off.
    #[attr(keep_empty)]
    pub automated: Attr<Automated>,
    /// Switches for each synchronisation, such as `CreateNamespace=true`, `ServerSideApply=true`
    /// or `PruneLast=true`.
    pub sync_options: Attr<Vec<String>>,
    /// What happens after a synchronisation has failed. Five retries when not set, for automated
    /// ones; an empty block means none.
    #[attr(keep_empty)]
    pub retry: Attr<Retry>,
    /// Labels and annotations of the destination's namespace; only with `CreateNamespace=true`.
    #[attr(keep_empty)]
    pub managed_namespace_metadata: Attr<ManagedNamespaceMetadata>,
}

/// Synchronisation that starts by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Automated {
    /// Whether it is on; on when not set. `false` keeps the other settings for later.
    pub enabled: Attr<bool>,
    /// Delete resources that are no longer in the sources; off when not set.
    pub prune: Attr<bool>,
    /// Undo changes that are made to live resources; off when not set.
    pub self_heal: Attr<bool>,
    /// Synchronise even when that deletes every resource; off when not set.
    pub allow_empty: Attr<bool>,
}

/// What happens after a synchronisation has failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Retry {
    /// How often to try again; 0, the default of this block, means never, and a negative number
    /// without end.
    #[attr(omitempty)]
    pub limit: Attr<i64>,
    /// How long to wait in between.
    pub backoff: Attr<Backoff>,
    /// Take the newest revision at each retry, and not the one that failed; off when not set.
    #[attr(omitempty)]
    pub refresh: Attr<bool>,
}

/// How long to wait between retries: `duration`, times `factor` after each, and
/// `max_duration` at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Backoff {
    /// The first wait, as in `5s` or `2m`; a plain number is in seconds. 5 seconds when not set.
    #[attr(check = duration, same = same_duration)]
    pub duration: Attr<String>,
    /// What each wait is multiplied by for the next; 2 when not set.
    #[attr(range(0, i64::MAX))]
    pub factor: Attr<i64>,
    /// The longest wait, as in `3m`; 3 minutes when not set.
    #[attr(check = duration, same = same_duration)]
    pub max_duration: Attr<String>,
}

/// Labels and annotations of the destination's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ManagedNamespaceMetadata {
    /// Its labels.
    #[attr(check = crate::framework::checks::label_value)]
    pub labels: Attr<BTreeMap<String, String>>,
    /// Its annotations.
    pub annotations: Attr<BTreeMap<String, String>>,
}

/// A duration as the retries of Argo CD have it: whole seconds, or as in Go.
fn parse_duration(text: &str) -> Result<Duration, String> {
    match text.parse::<u64>() {
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => parse_go_duration(text),
    }
}

fn duration(text: &str) -> Result<(), String> {
    parse_duration(text).map(drop)
}

fn same_duration(a: &str, b: &str) -> bool {
    a == b || matches!((parse_duration(a), parse_duration(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_number_is_seconds() {
        assert!(same_duration("90", "90s"));
        assert!(!same_duration("90", "91s"));
        assert_eq!(duration("5"), Ok(()));
        assert!(duration("soon").is_err());
        assert!(!same_duration("soon", "later"));
    }
}
