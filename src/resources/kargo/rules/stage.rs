//! Rules for a Stage.

use std::collections::HashMap;

use super::expression;
use super::steps::{Within, steps};
use super::variables::{Variable, variables};
use crate::framework::checks::{Finding, Findings, dns_subdomain, kargo_duration};
use crate::framework::{Attr, Path, Value};

/// What the rules look at in a Stage.
#[derive(Clone, Debug, Default)]
pub struct Stage<'a> {
    /// `name`.
    pub name: Attr<&'a str>,
    /// `vars`.
    pub vars: Attr<Vec<Variable<'a>>>,
    /// `requested_freight`.
    pub requested_freight: Attr<Vec<FreightRequest<'a>>>,
    /// `promotion_template`.
    pub promotion_template: Attr<PromotionTemplate<'a>>,
    /// `verification`.
    pub verification: Attr<Verification<'a>>,
}

/// An element of `requested_freight`.
#[derive(Clone, Debug, Default)]
pub struct FreightRequest<'a> {
    /// `origin.kind`; `Warehouse` when null.
    pub origin_kind: Attr<&'a str>,
    /// `origin.name`.
    pub origin_name: Attr<&'a str>,
    /// `sources.direct`.
    pub direct: Attr<bool>,
    /// `sources.stages`.
    pub stages: Attr<Vec<&'a str>>,
    /// `sources.availability_strategy`.
    pub availability_strategy: Attr<&'a str>,
    /// `sources.required_soak_time`.
    pub required_soak_time: Attr<&'a str>,
    /// `sources.auto_promotion_options.selection_policy`.
    pub selection_policy: Attr<&'a str>,
}

/// `promotion_template.spec`.
#[derive(Clone, Debug, Default)]
pub struct PromotionTemplate<'a> {
    /// `vars`.
    pub vars: Attr<Vec<Variable<'a>>>,
    /// `steps`, in the spelling of the API.
    pub steps: Option<&'a Value>,
}

/// `verification`.
#[derive(Clone, Debug, Default)]
pub struct Verification<'a> {
    /// `analysis_templates`.
    pub analysis_templates: Attr<Vec<AnalysisTemplate<'a>>>,
    /// `args`.
    pub args: Attr<Vec<AnalysisArgument<'a>>>,
}

/// An element of `verification.analysis_templates`.
#[derive(Clone, Debug, Default)]
pub struct AnalysisTemplate<'a> {
    /// `name`.
    pub name: Attr<&'a str>,
    /// `kind`; `AnalysisTemplate` when null.
    pub kind: Attr<&'a str>,
}

/// An element of `verification.args`.
#[derive(Clone, Debug, Default)]
pub struct AnalysisArgument<'a> {
    /// `name`.
    pub name: Attr<&'a str>,
    /// `value`.
    pub value: Attr<&'a str>,
}

/// Rules for a Stage.
pub fn stage(stage: &Stage<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    if let Attr::Known(name) = stage.name
        && name.len() > 63
    {
        findings.warn(
            Path::attribute("name"),
            format!(
                "{name:?} has {} characters; promotions carry the name of their stage as a label, \
                 of at most 63",
                name.len()
            ),
        );
    }
    variables(&stage.vars, &Path::attribute("vars"), &mut findings);
    if let Attr::Known(requests) = &stage.requested_freight {
        requested_freight(requests, &stage.name, &mut findings);
    }
    if let Attr::Known(template) = &stage.promotion_template {
        let path = Path::attribute("promotion_template").field("spec");
        variables(&template.vars, &path.field("vars"), &mut findings);
        if let Some(value) = template.steps {
            steps(value, Within::Template, &path.field("steps"), &mut findings);
        }
    }
    if let Attr::Known(verification) = &stage.verification {
        verify(verification, &mut findings);
    }
    findings.into_vec()
}

fn requested_freight(requests: &[FreightRequest<'_>], stage: &Attr<&str>, findings: &mut Findings) {
    let path = Path::attribute("requested_freight");
    if requests.is_empty() {
        findings.error(path.clone(), "a stage requests the freight of at least one warehouse");
    }
    let mut origins: HashMap<&str, Path> = HashMap::new();
    for (index, request) in requests.iter().enumerate() {
        let path = path.index(index);
        let origin = path.field("origin");
        findings.check_one_of(&origin.field("kind"), &request.origin_kind, &["Warehouse"]);
        findings.check(&origin.field("name"), &request.origin_name, dns_subdomain);
        if let Attr::Known(name) = request.origin_name {
            if let Some(first) = origins.get(name) {
                findings.error(
                    origin.field("name"),
                    format!("the freight of warehouse {name:?} is requested by {first} already"),
                );
            } else {
                origins.insert(name, path.clone());
            }
        }
        sources(request, stage, &path.field("sources"), findings);
    }
}

fn sources(request: &FreightRequest<'_>, stage: &Attr<&str>, path: &Path, findings: &mut Findings) {
    let direct = request.direct == Attr::Known(true);
    let never_direct = matches!(request.direct, Attr::Null | Attr::Known(false));
    let upstream = match &request.stages {
        Attr::Null => Some(&[][..]),
        Attr::Known(stages) => Some(stages.as_slice()),
        Attr::Unknown => None,
    };
    if never_direct && upstream.is_some_and(<[_]>::is_empty) {
        findings.error(
            path.clone(),
            "it has neither direct = true nor stages, so that no freight ever reaches the stage",
        );
    }
    for (index, name) in upstream.into_iter().flatten().enumerate() {
        let at = path.field("stages").index(index);
        if *stage == Attr::Known(name) {
            findings.error(at, format!("{name:?} is the stage itself"));
        } else if request.stages.known().is_some_and(|stages| stages[..index].contains(name)) {
            findings.warn(at, format!("{name:?} is in the list already"));
        } else {
            findings.check(&at, &Attr::Known(name), dns_subdomain);
        }
    }

    let strategies = ["All", "OneOf", ""];
    let at = path.field("availability_strategy");
    findings.check_one_of(&at, &request.availability_strategy, &strategies);
    let at = path.field("required_soak_time");
    findings.check(&at, &request.required_soak_time, kargo_duration);
    if request.required_soak_time.known().is_some() && upstream.is_some_and(<[_]>::is_empty) {
        findings.warn(at, "it has no effect without stages, for freight soaks in upstream stages");
    }

    let at = path.field("auto_promotion_options").field("selection_policy");
    let policies = ["NewestFreight", "MatchUpstream"];
    findings.check_one_of(&at, &request.selection_policy, &policies);
    if request.selection_policy == Attr::Known("MatchUpstream") {
        if direct {
            let rule = "\"MatchUpstream\" does not go with direct = true: there is no upstream \
                        stage to match";
            findings.error(at.clone(), rule);
        }
        if let Some(stages) = upstream
            && stages.len() != 1
        {
            let count = stages.len();
            let rule = "\"MatchUpstream\" needs exactly one upstream stage to match";
            findings.error(at, format!("{rule}, and stages has {count}"));
        }
    }
}

fn verify(verification: &Verification<'_>, findings: &mut Findings) {
    let path = Path::attribute("verification");
    let templates = verification.analysis_templates.known().into_iter().flatten();
    for (index, template) in templates.enumerate() {
        let path = path.field("analysis_templates").index(index);
        findings.check(&path.field("name"), &template.name, dns_subdomain);
        let kinds = ["AnalysisTemplate", "ClusterAnalysisTemplate"];
        findings.check_one_of(&path.field("kind"), &template.kind, &kinds);
    }
    let mut names: HashMap<&str, Path> = HashMap::new();
    for (index, arg) in verification.args.known().into_iter().flatten().enumerate() {
        let path = path.field("args").index(index);
        if let Attr::Known(name) = arg.name {
            if let Some(first) = names.get(name) {
                findings.warn(path.field("name"), format!("{name:?} hides the one at {first}"));
            } else {
                names.insert(name, path.clone());
            }
        }
        if let Attr::Known(value) = arg.value {
            expression::template(value, &path.field("value"), findings);
        }
    }
}
