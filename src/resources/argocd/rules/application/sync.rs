//! How an Application is synced.

use super::is_given;
use crate::framework::checks::{Findings, parse_go_duration};
use crate::framework::{Attr, Path};

/// `sync_policy`.
#[derive(Clone, Debug, Default)]
pub struct SyncPolicy<'a> {
    /// `sync_options`.
    pub sync_options: Attr<Vec<&'a str>>,
    /// `retry.backoff`.
    pub backoff: Attr<Backoff<'a>>,
    /// Whether there is a `managed_namespace_metadata`.
    pub managed_namespace_metadata: Attr<()>,
}

/// `sync_policy.retry.backoff`.
#[derive(Clone, Debug, Default)]
pub struct Backoff<'a> {
    /// `duration`.
    pub duration: Attr<&'a str>,
    /// `factor`.
    pub factor: Attr<i64>,
    /// `max_duration`.
    pub max_duration: Attr<&'a str>,
}

/// An element of `ignore_differences`.
#[derive(Clone, Debug, Default)]
pub struct IgnoreDifference<'a> {
    /// `kind`.
    pub kind: Attr<&'a str>,
    /// `json_pointers`.
    pub json_pointers: Attr<Vec<&'a str>>,
    /// `jq_path_expressions`.
    pub jq_path_expressions: Attr<Vec<&'a str>>,
    /// `managed_fields_managers`.
    pub managed_fields_managers: Attr<Vec<&'a str>>,
}

/// The options of a sync and what each may be. Argo CD compares them as a
/// whole and passes over what it does not know.
const OPTIONS: &[(&str, &[&str])] = &[
    ("ApplyOutOfSyncOnly", BOOLEAN),
    ("ClientSideApplyMigration", BOOLEAN),
    ("CreateNamespace", BOOLEAN),
    ("Delete", &["true", "false", "confirm"]),
    ("FailOnSharedResource", BOOLEAN),
    ("Force", BOOLEAN),
    ("Prune", &["true", "false", "confirm"]),
    ("PruneLast", BOOLEAN),
    ("PrunePropagationPolicy", &["foreground", "background", "orphan"]),
    ("Replace", BOOLEAN),
    ("RespectIgnoreDifferences", BOOLEAN),
    ("ServerSideApply", BOOLEAN),
    ("SkipDryRunOnMissingResource", BOOLEAN),
    ("Validate", BOOLEAN),
];

const BOOLEAN: &[&str] = &["true", "false"];

impl SyncPolicy<'_> {
    pub(super) fn check(&self, path: &Path, findings: &mut Findings) {
        let options = self.sync_options.known().map(Vec::as_slice).unwrap_or_default();
        for (index, option) in options.iter().enumerate() {
            if let Err(rule) = sync_option(option) {
                findings.warn(path.field("sync_options").index(index), rule);
            }
        }
        if self.managed_namespace_metadata.known().is_some()
            && !self.sync_options.is_unknown()
            && !options.contains(&"CreateNamespace=true")
        {
            findings.warn(
                path.field("managed_namespace_metadata"),
                "it has no effect without the sync option \"CreateNamespace=true\"",
            );
        }
        if let Attr::Known(backoff) = &self.backoff {
            backoff.check(&path.field("retry").field("backoff"), findings);
        }
    }
}

impl Backoff<'_> {
    fn check(&self, path: &Path, findings: &mut Findings) {
        for (name, text) in [("duration", &self.duration), ("max_duration", &self.max_duration)] {
            if is_given(text) {
                findings.check(&path.field(name), text, seconds_or_duration);
            }
        }
        if let Attr::Known(factor @ ..=0) = self.factor {
            let rule = format!("{factor} is not above 0: the time to wait is multiplied by it");
            findings.error(path.field("factor"), rule);
        }
    }
}

impl IgnoreDifference<'_> {
    pub(super) fn check(&self, path: &Path, findings: &mut Findings) {
        if self.kind == Attr::Known("") {
            findings.error(path.field("kind"), "it must not be empty; \"*\" is every kind");
        }
        left_out(
            &self.json_pointers,
            &self.jq_path_expressions,
            &self.managed_fields_managers,
            path,
            findings,
        );
    }
}

/// Rules for what is left out of a comparison.
pub fn left_out(
    json_pointers: &Attr<Vec<&str>>,
    jq_path_expressions: &Attr<Vec<&str>>,
    managed_fields_managers: &Attr<Vec<&str>>,
    path: &Path,
    findings: &mut Findings,
) {
    let lists = [json_pointers, jq_path_expressions, managed_fields_managers];
    let is_empty = |list: &Attr<Vec<&str>>| match list {
        Attr::Known(elements) => elements.is_empty(),
        other => other.is_null(),
    };
    if lists.into_iter().all(is_empty) {
        findings.error(
            path.clone(),
            "it needs one of json_pointers, jq_path_expressions and managed_fields_managers",
        );
    }
    for (index, pointer) in json_pointers.known().into_iter().flatten().enumerate() {
        if !pointer.starts_with('/') {
            findings.warn(
                path.field("json_pointers").index(index),
                format!("{pointer:?} points to nothing: a JSON pointer begins with \"/\""),
            );
        }
    }
}

fn sync_option(text: &str) -> Result<(), String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let known = OPTIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name.trim()));
    let Some((spelled, values)) = known else {
        return Err(format!("{text:?} is not a sync option that is known here"));
    };
    if *spelled == name && values.contains(&value) {
        return Ok(());
    }
    let choices: Vec<String> = values.iter().map(|value| format!("{spelled}={value}")).collect();
    Err(format!("{text:?} is not a sync option: it is one of {}", choices.join(", ")))
}

/// A number of seconds, or a duration in Go's notation.
fn seconds_or_duration(text: &str) -> Result<(), String> {
    if text.parse::<u32>().is_ok() {
        return Ok(());
    }
    parse_go_duration(text).map(drop)
}
