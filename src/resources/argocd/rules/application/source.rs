//! Where the manifests of an Application come from.

use std::collections::HashMap;

use super::{is_given, is_missing};
use crate::framework::checks::{Findings, dns_subdomain};
use crate::framework::{Attr, Path};

/// `source`, an element of `sources`, or `source_hydrator.dry_source`.
#[derive(Clone, Debug, Default)]
pub struct Source<'a> {
    /// `repo_url`.
    pub repo_url: Attr<&'a str>,
    /// `path`.
    pub path: Attr<&'a str>,
    /// `chart`.
    pub chart: Attr<&'a str>,
    /// `target_revision`.
    pub target_revision: Attr<&'a str>,
    /// `ref`.
    pub reference: Attr<&'a str>,
    /// `name`.
    pub name: Attr<&'a str>,
    /// `helm`.
    pub helm: Attr<Helm<'a>>,
    /// Whether there is a `kustomize`.
    pub kustomize: Attr<()>,
    /// Whether there is a `directory`.
    pub directory: Attr<()>,
    /// Whether there is a `plugin`.
    pub plugin: Attr<()>,
}

/// `helm`.
#[derive(Clone, Debug, Default)]
pub struct Helm<'a> {
    /// `version`.
    pub version: Attr<&'a str>,
    /// `release_name`.
    pub release_name: Attr<&'a str>,
    /// `values`.
    pub values: Attr<&'a str>,
    /// Whether there is a `values_object`.
    pub values_object: Attr<()>,
    /// `value_files`.
    pub value_files: Attr<Vec<&'a str>>,
    /// `file_parameters[].path`.
    pub file_parameters: Attr<Vec<&'a str>>,
}

/// `source_hydrator`.
#[derive(Clone, Debug, Default)]
pub struct SourceHydrator<'a> {
    /// `dry_source`.
    pub dry_source: Attr<Source<'a>>,
    /// `sync_source.target_branch`.
    pub sync_branch: Attr<&'a str>,
    /// `sync_source.path`.
    pub sync_path: Attr<&'a str>,
    /// `hydrate_to.target_branch`.
    pub hydrate_to_branch: Attr<&'a str>,
}

/// Rules for the elements of `sources`, each by itself and together.
pub(super) fn check_together(sources: &[Source<'_>], path: &Path, findings: &mut Findings) {
    for attribute in ["ref", "name"] {
        let mut seen: HashMap<&str, Path> = HashMap::new();
        for (index, source) in sources.iter().enumerate() {
            let text = if attribute == "ref" { &source.reference } else { &source.name };
            let Attr::Known(text) = *text else { continue };
            let path = path.index(index);
            if text.is_empty() {
                continue;
            }
            if let Some(first) = seen.get(text) {
                let rule = format!("{text:?} is the {attribute} of {first} already");
                findings.error(path.field(attribute), rule);
            } else {
                seen.insert(text, path);
            }
        }
    }
    for (index, source) in sources.iter().enumerate() {
        let path = path.index(index);
        source.check(&path, findings);
        let nothing = [&source.path, &source.chart, &source.reference].map(is_missing);
        if nothing == [true; 3] {
            findings.error(path.clone(), "it needs one of path, chart and ref");
        }
        findings.check(&path.field("ref"), &source.reference, reference);
        if sources.iter().all(|source| !source.reference.is_unknown()) {
            source.check_files(sources, &path, findings);
        }
    }
}

impl Source<'_> {
    /// Rules for a source that is the only one.
    pub(super) fn check_alone(&self, path: &Path, findings: &mut Findings) {
        self.check(path, findings);
        if is_missing(&self.path) && is_missing(&self.chart) {
            findings.error(path.clone(), "it needs one of path and chart");
        }
        for (name, text) in [("ref", &self.reference), ("name", &self.name)] {
            if is_given(text) {
                let rule = "it has no effect: it tells the elements of sources apart";
                findings.warn(path.field(name), rule);
            }
        }
    }

    /// Rules for any source.
    fn check(&self, path: &Path, findings: &mut Findings) {
        if self.repo_url == Attr::Known("") {
            findings.error(path.field("repo_url"), "it must not be empty");
        }
        if is_given(&self.chart) {
            if is_missing(&self.target_revision) {
                findings.error(
                    path.field("target_revision"),
                    "it is required with chart: a version or a constraint such as \"1.x\"",
                );
            }
            if is_given(&self.path) {
                let rule = "it has no effect beside chart, which is the whole of the source";
                findings.warn(path.field("path"), rule);
            }
        } else {
            findings.check(&path.field("path"), &self.path, within_the_repository);
        }
        self.one_tool(path, findings);
        if let Attr::Known(helm) = &self.helm {
            helm.check(&path.field("helm"), findings);
        }
    }

    fn one_tool(&self, path: &Path, findings: &mut Findings) {
        let tools = [
            ("helm", self.helm.known().is_some()),
            ("kustomize", self.kustomize.known().is_some()),
            ("directory", self.directory.known().is_some()),
            ("plugin", self.plugin.known().is_some()),
        ];
        let set: Vec<&str> = tools.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect();
        if set.len() > 1 {
            let rule = "a source is rendered by one of helm, kustomize, directory and plugin";
            findings.error(path.clone(), format!("it has {}: {rule}", set.join(" and ")));
        }
    }

    /// `$values/app.yaml` is a file of the source whose `ref` is `values`.
    fn check_files(&self, sources: &[Source<'_>], path: &Path, findings: &mut Findings) {
        let Attr::Known(helm) = &self.helm else { return };
        let path = path.field("helm");
        let mut check = |file: &str, at: Path| {
            let Some(rest) = file.strip_prefix('$') else { return };
            let name = rest.split('/').next().unwrap_or_default();
            if !sources.iter().any(|source| source.reference == Attr::Known(name)) {
                findings
                    .error(at, format!("{file:?} is a file of ref {name:?}, which no source has"));
            }
        };
        for (index, file) in helm.value_files.known().into_iter().flatten().enumerate() {
            check(file, path.field("value_files").index(index));
        }
        for (index, file) in helm.file_parameters.known().into_iter().flatten().enumerate() {
            check(file, path.field("file_parameters").index(index).field("path"));
        }
    }
}

impl Helm<'_> {
    fn check(&self, path: &Path, findings: &mut Findings) {
        findings.check_one_of(&path.field("version"), &self.version, &["v3", ""]);
        if is_given(&self.release_name) {
            findings.check(&path.field("release_name"), &self.release_name, release_name);
        }
        if is_given(&self.values) && self.values_object.known().is_some() {
            findings.warn(path.field("values"), "it is ignored when values_object is set");
        }
    }
}

impl SourceHydrator<'_> {
    pub(super) fn check(&self, path: &Path, findings: &mut Findings) {
        if let Attr::Known(source) = &self.dry_source {
            source.check(&path.field("dry_source"), findings);
        }
        let sync = path.field("sync_source");
        let branches = [
            (sync.field("target_branch"), &self.sync_branch),
            (path.field("hydrate_to").field("target_branch"), &self.hydrate_to_branch),
        ];
        for (at, branch) in branches {
            if *branch == Attr::Known("") {
                findings.error(at, "it must not be empty");
            }
        }
        if let Attr::Known(text @ ("" | "." | "/")) = self.sync_path {
            findings.error(
                sync.field("path"),
                format!("{text:?} is not a folder of its own, which hydrated manifests need"),
            );
        }
    }
}

fn reference(text: &str) -> Result<(), String> {
    if text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_')) {
        return Ok(());
    }
    Err(format!("{text:?} is not a ref: letters, digits, \"-\" and \"_\" only"))
}

/// Helm's own rule for the name of a release.
fn release_name(text: &str) -> Result<(), String> {
    if text.len() > 53 {
        return Err(format!("{text:?} has {} characters; a release has at most 53", text.len()));
    }
    dns_subdomain(text)
}

fn within_the_repository(path: &str) -> Result<(), String> {
    if path.starts_with('/') {
        return Err(format!("{path:?} is absolute: write it from the root of the repository"));
    }
    let mut depth = 0_usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return Err(format!("{path:?} leads out of the repository")),
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    Ok(())
}
