//! What can be said of Kargo's objects before any API sees them.
//!
//! Three sources: what the webhooks of Kargo 1.11 refuse; what they take but
//! the controllers then fail on, such as a broken regular expression; and what
//! is taken and silently has no effect. The first two are errors, the last one
//! and what other editions of Kargo may know better are warnings.
//!
//! Inputs are plain data with the attributes that a rule looks at. Unknown
//! values pass; what the schema requires is left to the schema.

pub mod config;
pub(super) mod expression;
mod fields;
pub(super) mod repository;
pub mod runners;
mod stage;
mod steps;
mod subscription;
mod task;
mod variables;

pub use stage::{
    AnalysisArgument, AnalysisTemplate, FreightRequest, PromotionTemplate, Stage, Verification,
    stage,
};
pub use subscription::{Chart, Generic, Git, Image, Subscription};
pub use task::{Task, task};
pub use variables::Variable;

use crate::framework::checks::{Finding, Findings, dns_label, kargo_duration};
use crate::framework::{Attr, Path};

/// Rules for a Project: its name becomes that of a namespace.
pub fn project(name: &Attr<&str>) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.check(&Path::attribute("name"), name, |name| {
        dns_label(name).map_err(|rule| format!("{rule}; a project is a namespace of this name"))
    });
    findings.into_vec()
}

/// What the rules look at in a Warehouse.
#[derive(Clone, Debug, Default)]
pub struct Warehouse<'a> {
    /// `interval`.
    pub interval: Attr<&'a str>,
    /// `freight_creation_policy`.
    pub freight_creation_policy: Attr<&'a str>,
    /// `freight_creation_criteria.expression`.
    pub criteria_expression: Attr<&'a str>,
    /// `subscriptions`.
    pub subscriptions: Attr<Vec<Subscription<'a>>>,
}

/// Rules for a Warehouse.
pub fn warehouse(warehouse: &Warehouse<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    findings.check(&Path::attribute("interval"), &warehouse.interval, kargo_duration);
    findings.check_one_of(
        &Path::attribute("freight_creation_policy"),
        &warehouse.freight_creation_policy,
        &["Automatic", "Manual"],
    );
    if let Attr::Known(expression) = warehouse.criteria_expression {
        let path = Path::attribute("freight_creation_criteria").field("expression");
        expression::bare(expression, expression::CRITERIA_FUNCTIONS, &path, &mut findings);
    }
    if let Attr::Known(subscriptions) = &warehouse.subscriptions {
        let path = Path::attribute("subscriptions");
        if subscriptions.is_empty() {
            findings.error(path.clone(), "a warehouse subscribes to at least one repository");
        }
        subscription::all(subscriptions, &path, &mut findings);
    }
    findings.into_vec()
}

#[cfg(test)]
mod tests;
