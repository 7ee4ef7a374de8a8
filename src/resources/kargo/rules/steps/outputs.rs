//! That steps read outputs of steps before them.
//!
//! Kargo takes an output that is not there for nothing, and a promotion then
//! fails on the expression that wants something of it.

use std::borrow::Cow;

use super::super::expression::outputs;
use super::super::fields::{Fields, plain};
use super::Within;
use crate::framework::checks::Findings;
use crate::framework::{Path, Step, Value};

/// What the outputs of each step are called, in the order of the steps; `None`
/// where it is not known.
struct Aliases<'a>(Vec<Option<Cow<'a, str>>>);

/// Rules for what all of these steps read.
pub(super) fn check(steps: &[Fields<'_>], within: Within, findings: &mut Findings) {
    let mut aliases = Aliases(Vec::new());
    for step in steps {
        // Steps that are not known are not among these.
        aliases.0.resize(place(step), None);
        aliases.0.push(alias(step));
    }
    for step in steps {
        let at = place(step);
        for name in ["if", "config"] {
            read(step.get(name), &step.path.field(name), &mut |text, path| {
                aliases.check(text, at, within, path, findings);
            });
        }
        let Value::List(variables) = step.get("vars") else { continue };
        for (index, variable) in variables.iter().enumerate() {
            let path = step.path.field("vars").index(index);
            read(plain(variable).get("value"), &path.field("value"), &mut |text, path| {
                aliases.check(text, at, within, path, findings);
            });
        }
    }
}

/// Which element of the list a step is.
fn place(step: &Fields<'_>) -> usize {
    match step.path.steps().last() {
        Some(Step::Index(at)) => *at,
        _ => 0,
    }
}

/// What the outputs of a step are called: its alias, or its place.
fn alias<'a>(step: &Fields<'a>) -> Option<Cow<'a, str>> {
    let number = place(step) + 1;
    match step.get("as") {
        Value::Unknown => None,
        Value::String(alias) if !alias.trim().is_empty() => Some(alias.trim().into()),
        _ => match (step.get("uses"), step.get("task")) {
            (Value::Unknown, _) | (_, Value::Unknown) => None,
            (Value::String(_), _) => Some(format!("step-{number}").into()),
            _ => Some(format!("task-{number}").into()),
        },
    }
}

/// Calls `each` for every text in a value, with its path.
fn read(value: &Value, path: &Path, each: &mut impl FnMut(&str, &Path)) {
    match plain(value) {
        Value::String(text) => each(text, path),
        Value::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                read(element, &path.index(index), each);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                read(field, &path.field(name), each);
            }
        }
        _ => {}
    }
}

impl Aliases<'_> {
    /// Rules for what the step at this place reads in one text.
    fn check(&self, text: &str, at: usize, within: Within, path: &Path, findings: &mut Findings) {
        for output in outputs(text) {
            let alias = output.alias;
            match (within, output.of_task) {
                (Within::Template, true) => findings.error(
                    path.clone(),
                    format!(
                        "task.outputs is for the steps of promotion tasks: use outputs.{alias}"
                    ),
                ),
                (Within::Task, false) => {
                    if self.before(at).any(|known| known == Some(alias)) {
                        let rule = "outputs are those of the whole promotion; of the steps of this \
                                    task they are in task.outputs";
                        findings.warn(path.clone(), format!("it reads outputs.{alias}: {rule}"));
                    }
                }
                // A step within a task, by the full name that Kargo gives it.
                _ if alias.contains("::") => {}
                _ => self.earlier(alias, at, path, findings),
            }
        }
    }

    fn before(&self, at: usize) -> impl Iterator<Item = Option<&str>> {
        self.0[..at].iter().map(Option::as_deref)
    }

    fn earlier(&self, alias: &str, at: usize, path: &Path, findings: &mut Findings) {
        if self.before(at).any(|known| known.is_none_or(|known| known == alias)) {
            return;
        }
        let later = self.0[at..].iter().flatten().any(|known| known == alias);
        let why = if later {
            format!("step {alias:?} does not come before this one")
        } else {
            let before: Vec<_> = self.before(at).flatten().collect();
            match before.as_slice() {
                [] => format!("there is no step before this one, and so no {alias:?}"),
                before => {
                    format!("no step before this one is called {alias:?}: {}", before.join(", "))
                }
            }
        };
        findings.error(path.clone(), format!("it reads the outputs of a step, and {why}"));
    }
}
