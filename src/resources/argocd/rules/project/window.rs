//! Sync windows of an `AppProject`.

use super::description;
use crate::framework::checks::{Findings, cron_schedule, go_duration, time_zone};
use crate::framework::{Attr, Path};

/// An element of `sync_windows`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncWindow<'a> {
    /// `kind`.
    pub kind: Attr<&'a str>,
    /// `schedule`.
    pub schedule: Attr<&'a str>,
    /// `duration`.
    pub duration: Attr<&'a str>,
    /// `time_zone`; UTC when null.
    pub time_zone: Attr<&'a str>,
    /// `description`.
    pub description: Attr<&'a str>,
    /// `applications`.
    pub applications: Attr<Vec<&'a str>>,
    /// `namespaces`.
    pub namespaces: Attr<Vec<&'a str>>,
    /// `clusters`.
    pub clusters: Attr<Vec<&'a str>>,
    /// `and_operator`.
    pub and_operator: Attr<bool>,
}

/// Rules for all windows, each by itself and together.
pub(super) fn check_all(windows: &[SyncWindow<'_>], path: &Path, findings: &mut Findings) {
    for (index, window) in windows.iter().enumerate() {
        let path = path.index(index);
        window.check(&path, findings);
        if let Some(first) = windows[..index].iter().position(|other| window.is_same(other)) {
            let rule = format!("it is the same window as sync_windows[{first}]");
            findings.error(path, rule);
        }
    }
}

impl SyncWindow<'_> {
    fn check(&self, path: &Path, findings: &mut Findings) {
        findings.check_one_of(&path.field("kind"), &self.kind, &["allow", "deny"]);
        findings.check(&path.field("schedule"), &self.schedule, cron_schedule);
        findings.check(&path.field("duration"), &self.duration, go_duration);
        // Argo CD would log a name that it does not know, and use UTC.
        if self.time_zone != Attr::Known("") {
            findings.check(&path.field("time_zone"), &self.time_zone, time_zone);
        }
        findings.check(&path.field("description"), &self.description, description);
        let is_empty = |list: &Attr<Vec<&str>>| match list {
            Attr::Known(elements) => elements.is_empty(),
            other => other.is_null(),
        };
        if [&self.applications, &self.namespaces, &self.clusters].into_iter().all(is_empty) {
            findings.error(path.clone(), "it needs one of applications, namespaces and clusters");
        }
    }

    /// Whether two windows are one to Argo CD, which does not look at their
    /// descriptions. Unknown parts may yet differ.
    fn is_same(&self, other: &Self) -> bool {
        let unknown = [&self.kind, &self.schedule, &self.duration, &self.time_zone]
            .iter()
            .any(|text| text.is_unknown())
            || [&self.applications, &self.namespaces, &self.clusters]
                .iter()
                .any(|list| list.is_unknown())
            || self.and_operator.is_unknown();
        let plain = |window: &Self| Self { description: Attr::Null, ..window.clone() };
        !unknown && plain(self) == plain(other)
    }
}
