//! Rules for an `AppProject`.

mod role;
mod window;

pub use role::ProjectRole;
pub use window::SyncWindow;

use std::collections::HashSet;

use super::is_in_cluster;
use crate::framework::checks::{Finding, Findings};
use crate::framework::{Attr, Path};
use crate::provider::ArgoCd;

/// What the rules look at in an `AppProject`.
#[derive(Clone, Debug, Default)]
pub struct Project<'a> {
    /// `name`.
    pub name: Attr<&'a str>,
    /// `namespace`.
    pub namespace: Attr<&'a str>,
    /// `description`.
    pub description: Attr<&'a str>,
    /// `source_repos`.
    pub source_repos: Attr<Vec<&'a str>>,
    /// `source_namespaces`.
    pub source_namespaces: Attr<Vec<&'a str>>,
    /// `destinations`.
    pub destinations: Attr<Vec<ProjectDestination<'a>>>,
    /// `destination_service_accounts`.
    pub destination_service_accounts: Attr<Vec<DestinationServiceAccount<'a>>>,
    /// `roles`.
    pub roles: Attr<Vec<ProjectRole<'a>>>,
    /// `sync_windows`.
    pub sync_windows: Attr<Vec<SyncWindow<'a>>>,
    /// `source_integrity.git.policies[].gpg.mode`.
    pub gpg_modes: Attr<Vec<&'a str>>,
}

/// An element of `destinations`, patterns all.
#[derive(Clone, Debug, Default)]
pub struct ProjectDestination<'a> {
    /// `server`.
    pub server: Attr<&'a str>,
    /// `name`.
    pub name: Attr<&'a str>,
    /// `namespace`.
    pub namespace: Attr<&'a str>,
}

/// An element of `destination_service_accounts`.
#[derive(Clone, Debug, Default)]
pub struct DestinationServiceAccount<'a> {
    /// `server`.
    pub server: Attr<&'a str>,
    /// `namespace`.
    pub namespace: Attr<&'a str>,
    /// `default_service_account`.
    pub default_service_account: Attr<&'a str>,
}

/// Rules for an `AppProject`, whoever runs Argo CD.
pub fn project(project: &Project<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    let at = |name: &str| Path::attribute(name);
    findings.check(&at("description"), &project.description, description);

    let repos = at("source_repos");
    findings.check_each(&repos, &project.source_repos, not_deny_all);
    distinct(&project.source_repos, &repos, &mut findings);
    distinct(&project.source_namespaces, &at("source_namespaces"), &mut findings);
    destinations(project, &mut findings);
    service_accounts(project, &mut findings);
    if let Attr::Known(roles) = &project.roles {
        role::check_all(roles, &project.name, &at("roles"), &mut findings);
    }
    if let Attr::Known(windows) = &project.sync_windows {
        window::check_all(windows, &at("sync_windows"), &mut findings);
    }
    for (index, mode) in project.gpg_modes.known().into_iter().flatten().enumerate() {
        let path = at("source_integrity").field("git").field("policies").index(index);
        let mode = Attr::Known(*mode);
        let path = path.field("gpg").field("mode");
        findings.check_one_of(&path, &mode, &["none", "head", "strict"]);
    }
    findings.into_vec()
}

/// Rules for an `AppProject` of this Argo CD.
pub fn project_for(project: &Project<'_>, argo_cd: ArgoCd) -> Vec<Finding> {
    let mut findings = Findings::default();
    if argo_cd == ArgoCd::EksCapability {
        own_namespace(project, &mut findings);
        for (index, to) in project.destinations.known().into_iter().flatten().enumerate() {
            let path = Path::attribute("destinations").index(index).field("server");
            findings.check(&path, &to.server, |server| {
                let pattern = server.trim_start_matches('!');
                if !is_in_cluster(pattern) && !pattern.starts_with("http") {
                    return Ok(());
                }
                Err(format!(
                    "{server:?} is not a cluster to the EKS capability: give the ARN of an EKS \
                     cluster, or a pattern for such"
                ))
            });
        }
    }
    findings.into_vec()
}

/// Under the capability all objects live in one namespace, and are nevertheless
/// treated as those of any other.
fn own_namespace(project: &Project<'_>, findings: &mut Findings) {
    let Attr::Known(namespace) = project.namespace else { return };
    if project.source_namespaces.is_unknown() {
        return;
    }
    let patterns = project.source_namespaces.known().map(Vec::as_slice).unwrap_or_default();
    // Patterns that may match are taken at their word.
    if !patterns.iter().any(|pattern| *pattern == namespace || pattern.contains(['*', '/'])) {
        findings.error(
            Path::attribute("source_namespaces"),
            format!(
                "it must contain the namespace of the EKS capability, {namespace:?}: without it the \
                 capability refuses every application of the project"
            ),
        );
    }
}

fn destinations(project: &Project<'_>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for (index, to) in project.destinations.known().into_iter().flatten().enumerate() {
        let path = Path::attribute("destinations").index(index);
        for (name, text) in
            [("server", &to.server), ("name", &to.name), ("namespace", &to.namespace)]
        {
            findings.check(&path.field(name), text, not_deny_all);
        }
        let text = |text: &Attr<&'_ str>| match text {
            Attr::Null => Some(String::new()),
            Attr::Known(text) => Some((*text).to_owned()),
            Attr::Unknown => None,
        };
        let (server, name, namespace) = (text(&to.server), text(&to.name), text(&to.namespace));
        if server.as_deref() == Some("") && name.as_deref() == Some("") {
            let rule = "it matches no cluster: it has neither server nor name, and \"*\" is any";
            findings.warn(path.clone(), rule);
        }
        if let (Some(server), Some(name), Some(namespace)) = (server, name, namespace) {
            let cluster = if server.is_empty() { name } else { server };
            if !seen.insert((cluster, namespace)) {
                findings.error(path, "it is in the list already");
            }
        }
    }
}

fn service_accounts(project: &Project<'_>, findings: &mut Findings) {
    let mut seen = HashSet::new();
    let accounts = project.destination_service_accounts.known().into_iter().flatten();
    for (index, account) in accounts.enumerate() {
        let path = Path::attribute("destination_service_accounts").index(index);
        for (name, text) in [("server", &account.server), ("namespace", &account.namespace)] {
            findings.check(&path.field(name), text, |text| {
                if !text.contains('!') {
                    return Ok(());
                }
                Err(format!("{text:?} has a \"!\": nothing can be denied here"))
            });
        }
        let at = path.field("default_service_account");
        findings.check(&at, &account.default_service_account, service_account);
        let (Attr::Known(server), false) = (&account.server, account.namespace.is_unknown()) else {
            continue;
        };
        let namespace = account.namespace.known().copied().unwrap_or_default();
        if !seen.insert((*server, namespace)) {
            let rule = "it is in the list already: one account per server and namespace";
            findings.error(path, rule);
        }
    }
}

/// Reports what a list of texts holds twice.
fn distinct(texts: &Attr<Vec<&str>>, path: &Path, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for (index, text) in texts.known().into_iter().flatten().enumerate() {
        if !seen.insert(*text) {
            findings.error(path.index(index), format!("{text:?} is in the list already"));
        }
    }
}

fn not_deny_all(text: &str) -> Result<(), String> {
    if text == "!*" {
        return Err("\"!*\" would deny everything: leave out what is not wanted".to_owned());
    }
    Ok(())
}

fn description(text: &str) -> Result<(), String> {
    let length = text.chars().count();
    if length > 255 {
        return Err(format!("it has {length} characters, of at most 255"));
    }
    Ok(())
}

/// `name` or `namespace:name`.
fn service_account(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("it must not be empty".to_owned());
    }
    match text.chars().find(|&c| "!*[]{}\\/".contains(c)) {
        Some(c) => Err(format!("{text:?} is not a service account: it must not have {c:?}")),
        None => Ok(()),
    }
}
