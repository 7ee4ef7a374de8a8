//! Rules for an Application.

mod source;
mod sync;

pub use source::{Helm, Source, SourceHydrator};
pub use sync::{Backoff, IgnoreDifference, SyncPolicy, left_out};

use super::server;
use crate::framework::checks::{Finding, Findings, namespace};
use crate::framework::{Attr, Path};
use crate::provider::ArgoCd;

/// What the rules look at in an Application.
#[derive(Clone, Debug, Default)]
pub struct Application<'a> {
    /// The keys of `annotations`.
    pub annotations: Attr<Vec<&'a str>>,
    /// `destination`.
    pub destination: Attr<Destination<'a>>,
    /// `source`.
    pub source: Attr<Source<'a>>,
    /// `sources`.
    pub sources: Attr<Vec<Source<'a>>>,
    /// `source_hydrator`.
    pub source_hydrator: Attr<SourceHydrator<'a>>,
    /// `sync_policy`.
    pub sync_policy: Attr<SyncPolicy<'a>>,
    /// `ignore_differences`.
    pub ignore_differences: Attr<Vec<IgnoreDifference<'a>>>,
}

/// `destination`.
#[derive(Clone, Debug, Default)]
pub struct Destination<'a> {
    /// `server`.
    pub server: Attr<&'a str>,
    /// `name`.
    pub name: Attr<&'a str>,
    /// `namespace`.
    pub namespace: Attr<&'a str>,
}

/// Rules for an Application, whoever runs Argo CD.
pub fn application(application: &Application<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    if let Attr::Known(to) = &application.destination {
        destination(to, &mut findings);
    }
    one_kind_of_source(application, &mut findings);
    if let Attr::Known(source) = &application.source {
        source.check_alone(&Path::attribute("source"), &mut findings);
    }
    if let Attr::Known(sources) = &application.sources {
        source::check_together(sources, &Path::attribute("sources"), &mut findings);
    }
    if let Attr::Known(hydrator) = &application.source_hydrator {
        hydrator.check(&Path::attribute("source_hydrator"), &mut findings);
    }
    if let Attr::Known(policy) = &application.sync_policy {
        policy.check(&Path::attribute("sync_policy"), &mut findings);
    }
    let entries = application.ignore_differences.known().into_iter().flatten();
    for (index, entry) in entries.enumerate() {
        entry.check(&Path::attribute("ignore_differences").index(index), &mut findings);
    }
    findings.into_vec()
}

/// Rules for an Application that this Argo CD runs.
pub fn application_for(application: &Application<'_>, argo_cd: ArgoCd) -> Vec<Finding> {
    let mut findings = Findings::default();
    if let Attr::Known(to) = &application.destination
        && is_given(&to.server)
    {
        server(&to.server, argo_cd, &Path::attribute("destination").field("server"), &mut findings);
    }
    if argo_cd == ArgoCd::EksCapability {
        for (path, source) in all_sources(application) {
            if source.plugin.known().is_some() {
                let rule = "the EKS capability runs no config management plugins";
                findings.error(path.field("plugin"), rule);
            }
        }
    }
    annotations_for(&application.annotations, argo_cd, &mut findings);
    findings.into_vec()
}

/// Rules for the annotations of an Application that this Argo CD runs, by their keys.
pub fn annotations_for(keys: &Attr<Vec<&str>>, argo_cd: ArgoCd, findings: &mut Findings) {
    if argo_cd != ArgoCd::EksCapability {
        return;
    }
    for key in keys.known().into_iter().flatten() {
        if key.starts_with("notifications.argoproj.io/") {
            let rule = "it has no effect: the EKS capability runs no notifications controller";
            findings.warn(Path::attribute("annotations").key(*key), rule);
        }
    }
}

/// Every source that is known, and where it is.
fn all_sources<'a>(application: &'a Application<'a>) -> Vec<(Path, &'a Source<'a>)> {
    let alone = application.source.known().map(|source| (Path::attribute("source"), source));
    let together = application.sources.known().into_iter().flatten().enumerate();
    let together =
        together.map(|(index, source)| (Path::attribute("sources").index(index), source));
    let hydrator = application.source_hydrator.known();
    let dry = hydrator.and_then(|hydrator| hydrator.dry_source.known());
    let dry = dry.map(|source| (Path::attribute("source_hydrator").field("dry_source"), source));
    alone.into_iter().chain(together).chain(dry).collect()
}

fn destination(to: &Destination<'_>, findings: &mut Findings) {
    let path = Path::attribute("destination");
    if is_given(&to.server) && is_given(&to.name) {
        findings.error(
            path.clone(),
            "it has both server and name: keep the one that says which cluster is meant",
        );
    } else if is_missing(&to.server) && is_missing(&to.name) {
        findings.error(path.clone(), "it needs the server or the name of a cluster");
    }
    if is_given(&to.namespace) {
        findings.check(&path.field("namespace"), &to.namespace, namespace);
    }
}

/// Argo CD would take `source_hydrator` before `sources` before `source`, and
/// ignore the rest without a word.
fn one_kind_of_source(application: &Application<'_>, findings: &mut Findings) {
    let Application { source, sources, source_hydrator, .. } = application;
    let no_sources = match sources {
        Attr::Known(sources) => sources.is_empty(),
        other => other.is_null(),
    };
    let kinds = [
        ("source_hydrator", source_hydrator.is_null(), source_hydrator.is_unknown()),
        ("sources", no_sources, sources.is_unknown()),
        ("source", source.is_null(), source.is_unknown()),
    ];
    let known = kinds.iter().filter(|(_, missing, unknown)| !missing && !unknown);
    let known: Vec<&str> = known.map(|(name, ..)| *name).collect();
    if let Some((taken, ignored)) = known.split_first() {
        for name in ignored {
            findings.error(
                Path::attribute(*name),
                format!("it is ignored when {taken} is set: an application has one of the two"),
            );
        }
    } else if !kinds.iter().any(|(_, _, unknown)| *unknown) {
        let rule = "an application needs one of source, sources and source_hydrator";
        findings.error(Path::root(), rule);
    }
}

/// Whether a text is known and not empty; Argo CD takes an empty one for none.
fn is_given(text: &Attr<&str>) -> bool {
    matches!(text, Attr::Known(text) if !text.is_empty())
}

/// Whether a text is known to be missing.
fn is_missing(text: &Attr<&str>) -> bool {
    text.is_null() || *text == Attr::Known("")
}
