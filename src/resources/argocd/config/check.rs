//! What can be said of settings before any Argo CD sees them.
//!
//! Argo CD reads them when they are there: what it does not understand it
//! passes over, or it stops to work for everybody. The rules are those of Argo
//! CD 3.6's settings and of its notifications engine.

use super::customization::{Customization, IgnoredFields};
use super::notifications::{Notifications, Trigger};
use super::rbac::Rbac;
use super::{ArgocdConfig, data, policy};
use crate::framework::checks::{Finding, Findings};
use crate::framework::{Attr, Diagnostics, Model, Path, Value, yaml};
use crate::provider::ArgoCd;
use crate::resources::findings::{report, texts};

/// A key of a `ConfigMap`, or a part of one.
pub(super) fn key(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && name.len() <= 200 && name.chars().all(fits) {
        return Ok(());
    }
    Err(format!(
        "{name:?} cannot be in the key of a ConfigMap: letters, digits, \"-\", \"_\" and \".\" only, \
         at most 200 of them"
    ))
}

/// An element of a list that is written with commas.
pub(super) fn listed(text: &str) -> Result<(), String> {
    if text.trim().is_empty() || text.trim() != text || text.contains(',') {
        return Err(format!(
            "{text:?} is not one element: without commas, and no space before or after"
        ));
    }
    Ok(())
}

/// A script of Argo CD's in Lua.
pub(super) fn lua(text: &str) -> Result<(), String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let returns = text.lines().any(|line| {
        let code = line.split("--").next().unwrap_or_default();
        code.split(|c: char| !is_word(c)).any(|word| word == "return")
    });
    if returns { Ok(()) } else { Err("the script returns nothing".to_owned()) }
}

/// A document about single sign-on, without secrets in it.
pub(super) fn sso(text: &str) -> Result<(), String> {
    yaml::object(text)?;
    let document = yaml::document(text)?;
    match secret_in_clear(&document) {
        None => Ok(()),
        Some(field) => Err(format!(
            "its {field} is a secret in clear: keep it in the Secret argocd-secret and write its \
             key, as in \"$dex.github.clientSecret\""
        )),
    }
}

/// The field of a document that holds a secret, and not where it is.
fn secret_in_clear(document: &serde_json::Value) -> Option<&str> {
    const SECRETS: [&str; 3] = ["clientSecret", "bindPW", "secret"];
    match document {
        serde_json::Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let clear = value.as_str().is_some_and(|text| !text.starts_with('$'));
            if clear && SECRETS.contains(&name.as_str()) {
                return Some(name.as_str());
            }
            secret_in_clear(value)
        }),
        serde_json::Value::Array(elements) => elements.iter().find_map(secret_in_clear),
        _ => None,
    }
}

/// Keys of `argocd-cm` without an attribute.
const KEYS: [&str; 35] = [
    "application.allowedNodeLabels",
    "application.links",
    "application.sync.impersonation.enforced",
    "application.sync.requireOverridePrivilegeForRevisionSync",
    "commit.author.email",
    "commit.author.name",
    "dex.auth.connectorId",
    "exec.shells",
    "extension.config",
    "ga.anonymizeusers",
    "ga.trackingid",
    "globalProjects",
    "help.chatText",
    "help.chatUrl",
    "oidc.tls.insecure.skip.verify",
    "passwordPattern",
    "project.links",
    "resource.customizations",
    "resource.links",
    "resource.manifest.compression",
    "resource.manifest.compression.enabled",
    "resource.manifest.storage",
    "resource.selectors",
    "server.maxPodLogsToRender",
    "server.rbac.disableApplicationFineGrainedRBACInheritance",
    "server.rbac.rollback.enforce.enable",
    "sourceHydrator.commitMessageTemplate",
    "sourceHydrator.readmeMessageTemplate",
    "statusbadge.url",
    "timeout.hard.reconciliation",
    "ui.loginButtonText",
    "ui.view.resources.disabled",
    "webhook.maxPayloadSizeMB",
    "webhook.refresh.jitter",
    "webhook.refresh.jitter.threshold",
];

/// How further keys of `argocd-cm` begin.
const PREFIXES: [&str; 5] = [
    "extension.config.",
    "help.download.",
    "kustomize.buildOptions.",
    "kustomize.path.",
    "kustomize.version.",
];

/// What the EKS capability honours.
const HONOURED: [&str; 16] = [
    "argo_cd",
    "cluster",
    "helm",
    "jsonnet",
    "kustomize",
    "namespace",
    "resource_compare_options",
    "resource_custom_labels",
    "resource_customizations",
    "resource_exclude_event_label_keys",
    "resource_exclusions",
    "resource_include_event_label_keys",
    "resource_inclusions",
    "resource_respect_rbac",
    "resource_sensitive_mask_annotations",
    "timeouts",
];

/// Options of Kustomize that the EKS capability takes.
const BUILD_OPTIONS: [&str; 3] = ["--reorder", "--enable-helm", "--enable-managedby-label"];

/// The types of services that the notifications engine has.
const SERVICES: [&str; 21] = [
    "alertmanager",
    "awssqs",
    "email",
    "gcppubsub",
    "github",
    "googlechat",
    "grafana",
    "mattermost",
    "nats",
    "newrelic",
    "opsgenie",
    "pagerduty",
    "pagerdutyv2",
    "pushover",
    "rocketchat",
    "slack",
    "teams",
    "teams-workflows",
    "telegram",
    "webex",
    "webhook",
];

impl ArgocdConfig {
    /// Checks the rules that go beyond single attributes.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        let mut findings = Findings::default();
        let at = Path::attribute("resource_customizations");
        for (name, one) in self.resource_customizations.known().into_iter().flatten() {
            if let Err(rule) = group_kind(name) {
                findings.error(at.key(name), rule);
            }
            one.check(name, &at.key(name), &mut findings);
        }
        for name in self.accounts.known().into_iter().flatten().map(|(name, _)| name) {
            let path = Path::attribute("accounts").key(name);
            if name == "admin" {
                findings.error(path, "the user admin is always there: see admin_enabled");
            } else if let Err(rule) = key(name) {
                findings.error(path, rule);
            } else if name.contains('.') {
                findings.error(path, format!("{name:?} has a dot in it, which no user may have"));
            }
        }
        if let Attr::Known(ui) = &self.ui
            && ui.banner_url.is_set()
            && ui.banner_content.is_null()
        {
            let path = Path::attribute("ui").field("banner_url");
            findings.error(path, "it has no effect without a banner_content");
        }
        for name in self.settings.known().into_iter().flatten().map(|(name, _)| name) {
            setting(name, &mut findings);
        }
        for name in self.cmd_params.known().into_iter().flatten().map(|(name, _)| name) {
            if let Err(rule) = key(name) {
                findings.error(Path::attribute("cmd_params").key(name), rule);
            }
        }
        if let Attr::Known(rbac) = &self.rbac {
            rbac.check(&Path::attribute("rbac"), &mut findings);
        }
        if let Attr::Known(notifications) = &self.notifications {
            notifications.check(&Path::attribute("notifications"), &mut findings);
        }
        report(findings.into_vec(), diagnostics);
    }

    /// What this Argo CD does not honour of it.
    pub(super) fn check_profile(&self, argo_cd: ArgoCd) -> Vec<Finding> {
        let mut findings = Findings::default();
        if argo_cd == ArgoCd::SelfManaged {
            return Vec::new();
        }
        let mut refuse = |path: Path| {
            findings.error(path, "the EKS capability for Argo CD does not honour it");
        };
        let values = self.clone().into_value();
        for (name, value) in values.as_object().into_iter().flatten() {
            if is_known(value) && !HONOURED.contains(&name.as_str()) && name != "ui" {
                refuse(Path::attribute(name));
            }
        }
        for (name, one) in self.resource_customizations.known().into_iter().flatten() {
            let at = Path::attribute("resource_customizations").key(name);
            let one = one.clone().into_value();
            let of_one_kind = ["health", "known_type_fields"];
            for part in ["actions", "use_open_libs"].iter().chain(&of_one_kind) {
                let honoured = name != "all" && of_one_kind.contains(part);
                if is_known(one.get(part)) && !honoured {
                    refuse(at.field(*part));
                }
            }
        }
        if self.helm.known().is_some_and(|helm| helm.values_file_schemes.known().is_some()) {
            refuse(Path::attribute("helm").field("values_file_schemes"));
        }
        let options = self.kustomize.known().and_then(|it| it.build_options.as_str());
        let options = options.unwrap_or_default().split_whitespace();
        for option in options.filter(|option| option.starts_with('-')) {
            let name = option.split('=').next().unwrap_or_default();
            if !BUILD_OPTIONS.contains(&name) {
                findings.error(
                    Path::attribute("kustomize").field("build_options"),
                    format!("the EKS capability takes {}, not {name}", BUILD_OPTIONS.join(", ")),
                );
            }
        }
        findings.into_vec()
    }
}

fn is_known(value: &Value) -> bool {
    !value.is_null() && !value.is_unknown()
}

/// A group and kind as they are in a key.
fn group_kind(name: &str) -> Result<(), String> {
    if name.contains('*') {
        return Err(format!(
            "{name:?} has a \"*\" in it, which no key of a ConfigMap can have: \"all\" is every kind, \
             and patterns go into settings[\"resource.customizations\"]"
        ));
    }
    if let Some((group, kind)) = name.split_once('/') {
        return Err(format!("write it as \"{group}_{kind}\", as it is in the key"));
    }
    key(name)?;
    if name.matches('_').count() > 1 {
        return Err(format!("{name:?} is not a group and a kind with one \"_\" between them"));
    }
    Ok(())
}

/// A key of `argocd-cm` without an attribute.
fn setting(name: &str, findings: &mut Findings) {
    let path = Path::attribute("settings").key(name);
    if let Err(rule) = key(name) {
        findings.error(path, rule);
    } else if let Some(attribute) = data::attribute_of(name) {
        findings.error(path, format!("the key has an attribute of its own: {attribute}"));
    } else if !KEYS.contains(&name) && !PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        findings.warn(path, "Argo CD 3.6 reads no such key, and passes over it without a word");
    }
}

impl Customization {
    fn check(&self, name: &str, path: &Path, findings: &mut Findings) {
        let fields = [
            ("ignore_differences", &self.ignore_differences),
            ("ignore_resource_updates", &self.ignore_resource_updates),
        ];
        for (field, fields) in fields {
            if let Attr::Known(fields) = fields {
                fields.check(&path.field(field), findings);
            }
        }
        if self.use_open_libs.is_set() && self.health.is_null() {
            findings.error(path.field("use_open_libs"), "it has no effect without a health script");
        }
        if name == "all" && self.actions.is_set() {
            findings.error(path.field("actions"), "actions are for one kind, and not for all");
        }
        let values = self.clone().into_value();
        if values.as_object().is_some_and(|fields| fields.values().all(Value::is_null)) {
            findings.error(path.clone(), "nothing is customized: leave it out");
        }
    }
}

impl IgnoredFields {
    fn check(&self, path: &Path, findings: &mut Findings) {
        super::super::rules::left_out(
            &texts(&self.json_pointers),
            &texts(&self.jq_path_expressions),
            &texts(&self.managed_fields_managers),
            path,
            findings,
        );
    }
}

impl Rbac {
    fn check(&self, path: &Path, findings: &mut Findings) {
        let regex = match &self.match_mode {
            Attr::Null => Some(false),
            Attr::Known(mode) => Some(mode == "regex"),
            Attr::Unknown => None,
        };
        if let Attr::Known(text) = &self.policy_csv {
            policy::check(text, regex, &path.field("policy_csv"), findings);
        }
        for (name, text) in self.policies.known().into_iter().flatten() {
            let at = path.field("policies").key(name);
            if let Err(rule) = super::rbac::policy_name(name) {
                findings.error(at.clone(), rule);
            }
            policy::check(text, regex, &at, findings);
        }
    }
}

impl Notifications {
    fn check(&self, path: &Path, findings: &mut Findings) {
        for (name, text) in self.services.known().into_iter().flatten() {
            let at = path.field("services").key(name);
            let mut parts = name.split('.');
            let of_type = parts.next().unwrap_or_default();
            if !SERVICES.contains(&of_type) {
                let known = SERVICES.join(", ");
                let rule = format!("Argo CD 3.6 has no services of type {of_type:?}: {known}");
                findings.warn(at.clone(), rule);
            } else if parts.count() > 1 {
                let rule =
                    format!("{name:?} is not a type, or a type and a name with a dot between");
                findings.error(at.clone(), rule);
            }
            document(name, text, &at, findings);
        }
        for (name, text) in self.templates.known().into_iter().flatten() {
            document(name, text, &path.field("templates").key(name), findings);
        }
        for (name, trigger) in self.triggers.known().into_iter().flatten() {
            trigger.check(name, &path.field("triggers").key(name), findings);
        }
        for name in
            self.service_default_triggers.known().into_iter().flatten().map(|(name, _)| name)
        {
            if let Err(rule) = key(name) {
                findings.error(path.field("service_default_triggers").key(name), rule);
            }
        }
        for name in self.secrets_wo.known().into_iter().flatten().map(|(name, _)| name) {
            if let Err(rule) = key(name) {
                findings.error(path.field("secrets_wo").key(name), rule);
            }
        }
        let pair = [
            ("secrets_wo", self.secrets_wo.is_set()),
            ("secrets_wo_version", self.secrets_wo_version.is_set()),
        ];
        if let [(there, true), (missing, false)] | [(missing, false), (there, true)] = pair {
            findings.error(
                path.field(there),
                format!("it belongs together with {missing}, which is not set"),
            );
        }
    }
}

/// A document under a name.
fn document(name: &str, text: &str, at: &Path, findings: &mut Findings) {
    if let Err(rule) = key(name).and_then(|()| yaml::object(text)) {
        findings.error(at.clone(), rule);
    }
}

impl Trigger {
    fn check(&self, name: &str, path: &Path, findings: &mut Findings) {
        if let Err(rule) = key(name) {
            findings.error(path.clone(), rule);
        }
        for (index, one) in self.conditions.known().into_iter().flatten().enumerate() {
            if one.when.as_str().is_some_and(|when| when.trim().is_empty()) {
                let path = path.field("conditions").index(index).field("when");
                findings
                    .error(path, "it must not be empty: a condition that always holds is \"true\"");
            }
        }
    }
}
