//! The models as the rules see them.

use super::promotion_task::TaskSpec;
use super::stage::{self, Stage};
use super::steps::{self, Steps, Within, spelling};
use super::warehouse::{Warehouse, subscription as subscriptions};
use super::{Variable, rules};
use crate::framework::checks::Finding;
use crate::framework::{Attr, Diagnostics, Path, Step, Value};
use crate::resources::findings::{each, report, text, texts};

impl Warehouse {
    /// Checks the rules that go beyond single attributes.
    pub fn check(&self, diagnostics: &mut Diagnostics) {
        let criteria = self.freight_creation_criteria.as_ref();
        let warehouse = rules::Warehouse {
            interval: text(&self.interval),
            freight_creation_policy: text(&self.freight_creation_policy),
            criteria_expression: criteria.and_then(|criteria| text(&criteria.expression)),
            subscriptions: each(&self.subscriptions, subscription),
        };
        report(rules::warehouse(&warehouse), diagnostics);
    }
}

fn subscription(of: &subscriptions::Subscription) -> rules::Subscription<'_> {
    rules::Subscription {
        git: of.git.as_ref().map(git),
        image: of.image.as_ref().map(image),
        chart: of.chart.as_ref().map(|chart| rules::Chart {
            repo_url: text(&chart.repo_url),
            name: text(&chart.name),
            semver_constraint: text(&chart.semver_constraint),
            discovery_limit: chart.discovery_limit.clone(),
        }),
        subscription: of.subscription.as_ref().map(|generic| rules::Generic {
            name: text(&generic.name),
            subscription_type: text(&generic.subscription_type),
            discovery_limit: generic.discovery_limit.clone(),
        }),
    }
}

fn git(git: &subscriptions::GitSubscription) -> rules::Git<'_> {
    rules::Git {
        repo_url: text(&git.repo_url),
        commit_selection_strategy: text(&git.commit_selection_strategy),
        branch: text(&git.branch),
        since: text(&git.since),
        semver_constraint: text(&git.semver_constraint),
        strict_semvers: git.strict_semvers.clone(),
        allow_tags_regexes: texts(&git.allow_tags_regexes),
        ignore_tags_regexes: texts(&git.ignore_tags_regexes),
        expression_filter: text(&git.expression_filter),
        include_paths: texts(&git.include_paths),
        exclude_paths: texts(&git.exclude_paths),
        discovery_limit: git.discovery_limit.clone(),
        // Kargo has given them up, and the model does not have them.
        allow_tags: Attr::Null,
        ignore_tags: Attr::Null,
    }
}

fn image(image: &subscriptions::ImageSubscription) -> rules::Image<'_> {
    rules::Image {
        repo_url: text(&image.repo_url),
        image_selection_strategy: text(&image.image_selection_strategy),
        constraint: text(&image.constraint),
        strict_semvers: image.strict_semvers.clone(),
        allow_tags_regexes: texts(&image.allow_tags_regexes),
        ignore_tags_regexes: texts(&image.ignore_tags_regexes),
        platform: text(&image.platform),
        discovery_limit: image.discovery_limit.clone(),
        // Kargo has given them up, and the model does not have them.
        allow_tags: Attr::Null,
        ignore_tags: Attr::Null,
        semver_constraint: Attr::Null,
    }
}

impl Stage {
    /// Checks the shape of the steps, and the rules that go beyond single
    /// attributes.
    pub fn check(&self, diagnostics: &mut Diagnostics) {
        let template = self.promotion_template.known();
        let at = Path::attribute("promotion_template").field("steps");
        let steps = template
            .and_then(|template| shaped(&template.steps, Within::Template, &at, diagnostics));
        let stage = rules::Stage {
            name: text(&self.metadata.name),
            vars: variables(&self.vars),
            requested_freight: each(&self.requested_freight, freight_request),
            promotion_template: self.promotion_template.as_ref().map(|template| {
                rules::PromotionTemplate { vars: variables(&template.vars), steps: steps.as_ref() }
            }),
            verification: self.verification.as_ref().map(verification),
        };
        report_in_our_words(rules::stage(&stage), diagnostics);
    }
}

impl TaskSpec {
    /// Checks the shape of the steps, and the rules that go beyond single
    /// attributes.
    pub fn check(&self, diagnostics: &mut Diagnostics) {
        let steps = shaped(&self.steps, Within::Task, &Path::attribute("steps"), diagnostics);
        let task = rules::Task { vars: variables(&self.vars), steps: steps.as_ref() };
        report_in_our_words(rules::task(&task), diagnostics);
    }
}

/// The steps for the rules, which know the names of the API; `None` when there
/// are none, or when their shape is wrong.
fn shaped(
    steps: &Attr<Steps>,
    within: Within,
    at: &Path,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let Steps(steps) = steps.known()?;
    let mut shape = Diagnostics::default();
    steps::check(steps, within, at, &mut shape);
    let wrong = shape.has_errors();
    diagnostics.extend(shape);
    (!wrong).then(|| spelling::of_the_api(&steps.value))
}

/// Tells the user what was found, with the names of the configuration.
fn report_in_our_words(mut found: Vec<Finding>, diagnostics: &mut Diagnostics) {
    for finding in &mut found {
        finding.path = path(&finding.path);
    }
    report(found, diagnostics);
}

/// A path in the API's object as one of the configuration, which has no `spec`
/// within `promotion_template` and names of its own for the fields of steps.
fn path(api: &Path) -> Path {
    let named = |step: &Step, name: &str| matches!(step, Step::Attribute(found) if found == name);
    let (start, rest) = match api.steps() {
        [template, spec, rest @ ..]
            if named(template, "promotion_template") && named(spec, "spec") =>
        {
            (Path::attribute("promotion_template"), rest)
        }
        rest => (Path::root(), rest),
    };
    let join = |path: Path, step: &Step| path.join(step.clone());
    match rest {
        [steps, index @ Step::Index(_), inside @ ..] if named(steps, "steps") => {
            let step = start.field("steps").join(index.clone());
            spelling::of_ours(inside).steps().iter().fold(step, join)
        }
        rest => rest.iter().fold(start, join),
    }
}

fn freight_request(request: &stage::FreightRequest) -> rules::FreightRequest<'_> {
    let origin = request.origin.as_ref();
    let sources = request.sources.as_ref();
    let options = sources.clone().and_then(|sources| sources.auto_promotion_options.as_ref());
    rules::FreightRequest {
        origin_kind: origin.clone().and_then(|origin| text(&origin.kind)),
        origin_name: origin.and_then(|origin| text(&origin.name)),
        direct: sources.clone().and_then(|sources| sources.direct.clone()),
        stages: sources.clone().and_then(|sources| texts(&sources.stages)),
        availability_strategy: sources
            .clone()
            .and_then(|sources| text(&sources.availability_strategy)),
        required_soak_time: sources.and_then(|sources| text(&sources.required_soak_time)),
        selection_policy: options.and_then(|options| text(&options.selection_policy)),
    }
}

fn verification(verification: &stage::Verification) -> rules::Verification<'_> {
    rules::Verification {
        analysis_templates: each(&verification.analysis_templates, |template| {
            rules::AnalysisTemplate { name: text(&template.name), kind: text(&template.kind) }
        }),
        args: each(&verification.args, |arg| rules::AnalysisArgument {
            name: text(&arg.name),
            value: text(&arg.value),
        }),
    }
}

fn variables(vars: &Attr<Vec<Variable>>) -> Attr<Vec<rules::Variable<'_>>> {
    each(vars, |var| rules::Variable { name: text(&var.name), value: text(&var.value) })
}

#[cfg(test)]
mod tests;
