//! Steps of a promotion template, and of a promotion task.
//!
//! They come as a value of any type, in the spelling of Kargo's API, since the
//! configuration of a step has no schema that all steps share; so their shape
//! is checked here too.

mod outputs;

use std::collections::HashMap;

use super::fields::{Fields, objects, plain};
use super::runners::{OF_THE_PLATFORM, RUNNERS};
use super::variables::Names;
use super::{config, expression};
use crate::framework::checks::{Findings, dns_subdomain, go_duration};
use crate::framework::{Attr, Path, Value};

/// Where steps stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// In the promotion template of a stage, where steps may call tasks.
    Template,
    /// In a promotion task, which calls no other.
    Task,
}

/// Rules for the steps at `path`.
pub(super) fn steps(value: &Value, within: Within, path: &Path, findings: &mut Findings) {
    if plain(value).as_list().is_some_and(<[_]>::is_empty) {
        let hint = match within {
            Within::Template => "; leave it out for a stage that promotes nothing",
            Within::Task => "",
        };
        findings.error(path.clone(), format!("it must have at least one step{hint}"));
    }
    let mut aliases: HashMap<&str, Path> = HashMap::new();
    let what = "an object, such as { uses = \"git-clone\" }";
    let steps = objects(value, what, path, findings);
    for step in &steps {
        check_step(step, within, findings);
        let Attr::Known(alias) = step.text("as", findings) else { continue };
        let (alias, at) = (alias.trim(), step.path.field("as"));
        if alias.is_empty() {
            continue;
        }
        if is_reserved(alias) {
            let rule = format!("{alias:?} is kept for steps without a name of their own");
            findings.error(at.clone(), rule);
        }
        if let Some(first) = aliases.get(alias) {
            findings.error(at, format!("{alias:?} is the name of {first} already"));
        } else {
            aliases.insert(alias, step.path.clone());
        }
    }
    outputs::check(&steps, within, findings);
}

fn check_step(step: &Fields<'_>, within: Within, findings: &mut Findings) {
    let fields = ["as", "config", "continueOnError", "if", "retry", "task", "uses", "vars"];
    step.only(&fields, findings);
    what_it_runs(step, within, findings);
    if let Attr::Known(condition) = step.text("if", findings) {
        expression::template(condition, &step.path.field("if"), findings);
    }
    match step.get("continueOnError") {
        Value::Null | Value::Unknown | Value::Bool(_) => {}
        _ => findings.error(step.path.field("continueOnError"), "it must be true or false"),
    }
    match step.get("retry") {
        Value::Null | Value::Unknown => {}
        Value::Object(object) => {
            check_retry(&Fields { object, path: step.path.field("retry") }, findings);
        }
        _ => findings.error(step.path.field("retry"), "it must be an object"),
    }
    check_config(step, findings);
    let mut names = Names::default();
    let what = "an object with name and value";
    for variable in objects(step.get("vars"), what, &step.path.field("vars"), findings) {
        variable.only(&["name", "value"], findings);
        let (name, value) = (variable.text("name", findings), variable.text("value", findings));
        if name.is_null() {
            findings.error(variable.path.field("name"), "a variable needs a name");
        }
        names.check(&name, &value, &variable.path, findings);
    }
}

/// What the step takes, as far as that is known, and the expressions in it.
fn check_config(step: &Fields<'_>, findings: &mut Findings) {
    let (config, path) = (step.get("config"), step.path.field("config"));
    match config {
        Value::Null | Value::Object(_) => {}
        Value::Unknown => return,
        _ => return findings.error(path, "it must be an object"),
    }
    if let (Some(runner), Value::Null) = (step.get("uses").as_str(), step.get("task"))
        && let Some((_, takes)) = RUNNERS.iter().find(|(name, _)| *name == runner)
    {
        config::check(config, takes, &path, findings);
    }
    expressions(config, &path, findings);
}

/// Either `uses` or `task`, and what goes with each.
fn what_it_runs(step: &Fields<'_>, within: Within, findings: &mut Findings) {
    let (uses, task) = (step.text("uses", findings), step.get("task"));
    if let Attr::Known(name) = uses {
        let at = step.path.field("uses");
        if name.is_empty() {
            findings.error(at, "it must not be empty");
        } else if !is_known(name) {
            let rule = format!("{name:?} is not a step that is known here; is it a custom one?");
            findings.warn(at, rule);
        }
    }
    if within == Within::Task {
        if is_given(task) {
            findings.error(step.path.field("task"), "a promotion task cannot call another one");
        } else if uses.is_null() && task.is_null() {
            findings.error(step.path.clone(), "a step of a task needs uses, the name of a step");
        }
        return;
    }
    if (uses.is_null() && task.is_null()) || (uses.known().is_some() && is_given(task)) {
        findings.error(step.path.clone(), "a step has exactly one of uses and task");
    }
    match task {
        Value::Null | Value::Unknown => return,
        Value::Object(object) => {
            check_task(&Fields { object, path: step.path.field("task") }, findings);
        }
        _ => {
            let rule = "it must be an object, such as { name = \"bump\" }";
            findings.error(step.path.field("task"), rule);
        }
    }
    for name in ["if", "config", "retry", "continueOnError"] {
        // The webhook takes an empty condition for none.
        if is_given(step.get(name)) && step.get(name).as_str() != Some("") {
            let rule = "it belongs to the steps within the task and not to the step that calls it";
            findings.error(step.path.field(name), rule);
        }
    }
}

fn check_task(task: &Fields<'_>, findings: &mut Findings) {
    task.only(&["kind", "name"], findings);
    let (name, kind) = (task.text("name", findings), task.text("kind", findings));
    if name.is_null() {
        findings.error(task.path.field("name"), "the task to run must be named");
    }
    findings.check(&task.path.field("name"), &name, dns_subdomain);
    let kinds = ["PromotionTask", "ClusterPromotionTask"];
    findings.check_one_of(&task.path.field("kind"), &kind, &kinds);
}

fn check_retry(retry: &Fields<'_>, findings: &mut Findings) {
    retry.only(&["errorThreshold", "timeout"], findings);
    let timeout = retry.text("timeout", findings);
    findings.check(&retry.path.field("timeout"), &timeout, go_duration);
    let threshold = match retry.get("errorThreshold") {
        Value::Null | Value::Unknown => return,
        Value::Number(number) => number.as_i64(),
        _ => None,
    };
    let well_formed =
        threshold.is_some_and(|threshold| (0..=i64::from(i32::MAX)).contains(&threshold));
    if !well_formed {
        let at = retry.path.field("errorThreshold");
        findings.error(at, "it must be a whole number, 0 or above");
    }
}

/// Checks the expressions in all texts of a configuration. Kargo leaves keys
/// alone.
fn expressions(value: &Value, path: &Path, findings: &mut Findings) {
    match plain(value) {
        Value::String(text) => expression::template(text, path, findings),
        Value::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                expressions(element, &path.index(index), findings);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                expressions(field, &path.field(name), findings);
            }
        }
        _ => {}
    }
}

fn is_known(name: &str) -> bool {
    RUNNERS.iter().any(|(known, _)| *known == name) || OF_THE_PLATFORM.contains(&name)
}

/// Whether a value is known to be set.
fn is_given(value: &Value) -> bool {
    !value.is_null() && !value.is_unknown()
}

/// `step-1` and `task-1`, which Kargo gives to steps without a name.
fn is_reserved(alias: &str) -> bool {
    let number = alias.strip_prefix("step-").or_else(|| alias.strip_prefix("task-"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()))
}
