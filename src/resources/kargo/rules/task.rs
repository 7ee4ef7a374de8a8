//! Rules of promotion tasks.

use super::steps::{Within, steps};
use super::variables::{Variable, variables};
use crate::framework::checks::{Finding, Findings};
use crate::framework::{Attr, Path, Value};

/// What the rules look at in a promotion task, of a project or of all.
#[derive(Clone, Debug, Default)]
pub struct Task<'a> {
    /// `vars`.
    pub vars: Attr<Vec<Variable<'a>>>,
    /// `steps`, in the spelling of the API; `None` when there are none.
    pub steps: Option<&'a Value>,
}

/// Rules for a promotion task.
pub fn task(task: &Task<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    variables(&task.vars, &Path::attribute("vars"), &mut findings);
    if let Some(value) = task.steps {
        steps(value, Within::Task, &Path::attribute("steps"), &mut findings);
    }
    findings.into_vec()
}
