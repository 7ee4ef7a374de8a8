//! Which stages promote freight by themselves.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value as Json;

use crate::framework::checks::{Findings, dns_subdomain, kargo_pattern};
use crate::framework::{Attr, Model, Path};
use crate::resources::findings::text;
use crate::resources::object::{LabelExpression, selector};

/// What stages do by themselves: those that exactly one of `stage_selector` and
/// `stage` names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PromotionPolicy {
    /// The stages that the policy is for.
    pub stage_selector: Attr<PromotionPolicySelector>,
    /// The one stage that the policy is for; the older form of `stage_selector = { name = ... }`.
    #[attr(check = dns_subdomain)]
    pub stage: Attr<String>,
    /// Promote new freight by itself; off when not set.
    #[attr(omitempty)]
    pub auto_promotion_enabled: Attr<bool>,
    /// When to promote the last good freight again.
    pub auto_rollback: Attr<AutoRollback>,
}

/// Stages; what is set of it all has to fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PromotionPolicySelector {
    /// Name of the stage, or a pattern for names: `glob:prod-*`, `regex:^prod-[0-9]+$`.
    #[attr(check = stage_pattern)]
    pub name: Attr<String>,
    /// Labels of the stages, and their values.
    pub match_labels: Attr<BTreeMap<String, String>>,
    /// Rules for labels of the stages.
    pub match_expressions: Attr<Vec<LabelExpression>>,
}

/// When a stage goes back to the last good freight by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AutoRollback {
    /// Ends of a promotion after which to go back: `Failed`, `Errored` or both.
    #[attr(one_of = ["Failed", "Errored"], length(0, 2))]
    pub on_promotion: Attr<Vec<String>>,
    /// Ends of a verification after which to go back: `Failed`, `Error` or both.
    #[attr(one_of = ["Failed", "Error"], length(0, 2))]
    pub on_verification: Attr<Vec<String>>,
}

/// A name with a colon is a pattern, of one of the notations that Kargo knows.
fn stage_pattern(name: &str) -> Result<(), String> {
    let known = ["glob:", "regex:", "regexp:"];
    if name.contains(':') && !known.iter().any(|prefix| name.starts_with(prefix)) {
        return Err(format!("{name:?} is a pattern of no kind that Kargo knows: glob:, regex:"));
    }
    kargo_pattern(name)
}

/// Rules for all policies, each by itself and together.
pub(super) fn check(policies: &Attr<Vec<PromotionPolicy>>, findings: &mut Findings) {
    let mut seen: HashMap<&str, Path> = HashMap::new();
    for (index, policy) in policies.known().into_iter().flatten().enumerate() {
        let path = Path::attribute("promotion_policies").index(index);
        let (stage, selector) = (&policy.stage, &policy.stage_selector);
        if (stage.is_null() && selector.is_null())
            || (stage.known().is_some() && selector.known().is_some())
        {
            let rule = "a policy has exactly one of stage_selector and stage";
            findings.error(path.clone(), rule);
        }
        if let Some(rollback) = policy.auto_rollback.known() {
            let path = path.field("auto_rollback");
            once(&rollback.on_promotion, &path.field("on_promotion"), findings);
            once(&rollback.on_verification, &path.field("on_verification"), findings);
        }
        let (name, at) = match (stage.as_str(), selector.known()) {
            (Some(stage), None) => (Some(stage), path.field("stage")),
            (_, Some(selector)) => {
                let path = path.field("stage_selector");
                selector::check(&selector.match_expressions, text, &path, findings);
                (selector.name.as_str(), path.field("name"))
            }
            _ => continue,
        };
        // Patterns may overlap: the first that fits counts.
        let Some(name) = name.filter(|name| !name.is_empty() && !name.contains(':')) else {
            continue;
        };
        if let Some(first) = seen.get(name) {
            findings.error(at, format!("there is a policy for {name:?} already, {first}"));
        } else {
            seen.insert(name, path);
        }
    }
}

fn once(values: &Attr<Vec<String>>, path: &Path, findings: &mut Findings) {
    let values = values.known().map(Vec::as_slice).unwrap_or_default();
    for (index, value) in values.iter().enumerate() {
        if values[..index].contains(value) {
            findings.error(path.index(index), format!("{value:?} is in the list already"));
        }
    }
}

/// Whether these policies let a stage promote by itself; `None` when that
/// cannot be told here.
pub fn auto_promotes(policies: &[PromotionPolicy], stage: &Json) -> Option<bool> {
    for policy in policies {
        if fits(policy, stage)? {
            return Some(policy.auto_promotion_enabled == Attr::Known(true));
        }
    }
    Some(false)
}

fn fits(policy: &PromotionPolicy, stage: &Json) -> Option<bool> {
    let name = stage["metadata"]["name"].as_str().unwrap_or_default();
    let Some(selector) = policy.stage_selector.known() else {
        return Some(policy.stage.as_str() == Some(name));
    };
    let (labels, expressions) = (&selector.match_labels, &selector.match_expressions);
    if !selector::selects(labels, expressions, &stage["metadata"]["labels"]) {
        return Some(false);
    }
    match selector.name.as_str() {
        None | Some("") => Some(true),
        // What a pattern fits is for Kargo to say.
        Some(pattern) if pattern.contains(':') => None,
        Some(exact) => Some(exact == name),
    }
}
