//! What Argo CD would only say in the status of the set, or of nothing at all.

mod generators;

use super::generator::Generator;
use super::parameters::{go_syntax, outside, plain_syntax};
use super::template::{Template, TemplateParts, each_text, has_parameters, masked};
use super::{ApplicationSet, Strategy};
use crate::framework::checks::{Finding, Findings, dns_subdomain};
use crate::framework::{Attr, Diagnostics, Model, Path, Value, validate};
use crate::provider::ArgoCd;
use crate::resources::argocd::{NAMESPACE, rules};
use crate::resources::findings::{report, text};

impl ApplicationSet {
    /// Checks the rules that go beyond single attributes.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics) {
        let mut findings = Findings::default();
        generators::check(&self.generators, self.uses_go(), &mut findings);
        self.check_options(&mut findings);
        self.check_parameters(&mut findings);
        if let Attr::Known(strategy) = &self.strategy {
            strategy.check(&mut findings);
        }
        let entries = self.ignore_application_differences.known().into_iter().flatten();
        for (index, entry) in entries.enumerate() {
            if entry.json_pointers.is_null() && entry.jq_path_expressions.is_null() {
                let path = Path::attribute("ignore_application_differences").index(index);
                findings.error(path, "it needs json_pointers or jq_path_expressions");
            }
        }
        if let Some(known) = self.known_template(diagnostics) {
            self.check_metadata(&known, &mut findings);
            if let Attr::Known(spec) = &known.spec {
                let mut view = spec.view();
                if self.is_completed_elsewhere() {
                    view.source = or_unknown(view.source);
                    view.destination = view.destination.map(|mut to| {
                        to.name = or_unknown(to.name);
                        to
                    });
                }
                findings.extend(below(&["template", "spec"], rules::application(&view)));
            }
        }
        report(findings.into_vec(), diagnostics);
    }

    /// What this Argo CD does not support of it.
    pub(super) fn check_profile(&self, argo_cd: ArgoCd) -> Vec<Finding> {
        let mut findings = Findings::default();
        if let Some(known) = self.known_template(&mut Diagnostics::default()) {
            if let Attr::Known(spec) = &known.spec {
                let found = rules::application_for(&spec.view(), argo_cd);
                findings.extend(below(&["template", "spec"], found));
            }
            if let Attr::Known(metadata) = &known.metadata {
                let keys = metadata.annotations.as_ref();
                let keys = keys.map(|map| map.keys().map(String::as_str).collect());
                let mut found = Findings::default();
                rules::annotations_for(&keys, argo_cd, &mut found);
                findings.extend(below(&["template", "metadata"], found.into_vec()));
            }
        }
        generators::check_servers(&self.generators, argo_cd, &mut findings);
        let rolling = self.strategy.known().and_then(|strategy| strategy.rolling_sync.known());
        if argo_cd == ArgoCd::EksCapability && rolling.is_some() {
            findings.warn(
                Path::attribute("strategy").field("rolling_sync"),
                "the EKS capability has no setting that turns progressive syncs on: where they are \
                 off, changes reach all applications at once",
            );
        }
        findings.into_vec()
    }

    fn uses_go(&self) -> Attr<bool> {
        match self.go_template {
            Attr::Null => Attr::Known(false),
            ref set => set.clone(),
        }
    }

    fn check_options(&self, findings: &mut Findings) {
        let path = Path::attribute("go_template_options");
        if self.uses_go() == Attr::Known(false) {
            if self.go_template_options.known().is_some_and(|options| !options.is_empty()) {
                let rule = "they are ignored without go_template: set it to true, or remove them";
                findings.error(path.clone(), rule);
            }
            if self.template_patch.is_set() {
                findings.error(
                    Path::attribute("template_patch"),
                    "it is ignored without go_template: set it to true, or remove the patch",
                );
            }
        }
        let known =
            ["default", "invalid", "zero", "error"].map(|value| format!("missingkey={value}"));
        for (index, option) in self.go_template_options.known().into_iter().flatten().enumerate() {
            if !known.contains(option) {
                let rule = format!("{option:?} is not one of: {}", known.join(", "));
                findings.error(path.index(index), rule);
            }
        }
    }

    /// The parameters in texts, where they are written in the language of Go's templates; where they
    /// are only replaced, what is not replaced may well be meant as it is, but for texts of which
    /// nothing sensible would come.
    fn check_parameters(&self, findings: &mut Findings) {
        let Attr::Known(go) = self.uses_go() else { return };
        let template = self.template.clone().into_value();
        let at = Path::attribute("template");
        let names = at.field("metadata").field("name");
        let spec = at.field("spec");
        let mut visit = |path: &Path, text: &str| {
            let strict = *path == names
                || *path == spec.field("project")
                || path.steps().starts_with(spec.field("destination").steps());
            if go {
                findings.check(path, &Attr::Known(text), go_syntax);
            } else if strict {
                findings.check(path, &Attr::Known(text), plain_syntax);
            }
        };
        each_text(&Template::attributes(), &template, &at, &mut visit);
        if go {
            let patch = Path::attribute("template_patch");
            findings.check(&patch, &text(&self.template_patch), go_syntax);
            generators::check_parameters(&self.generators, findings);
        }
    }

    /// The template, as far as it does not depend on parameters, if its attributes are right by
    /// themselves: the rules across them may rely on that.
    fn known_template(&self, diagnostics: &mut Diagnostics) -> Option<TemplateParts> {
        let template = self.template.known()?.clone().into_value();
        let attributes = TemplateParts::attributes();
        let masked = masked(&attributes, &template);
        let mut found = Diagnostics::default();
        let at = Path::attribute("template");
        validate::validate_at(&attributes, &masked, &at, &mut found);
        let known = TemplateParts::from_value(masked);
        if let Err(error) = &known {
            found.error(error);
        }
        let is_right = !found.has_errors();
        diagnostics.extend(found);
        known.ok().filter(|_| is_right)
    }

    /// Whether more than the template makes the applications, so that it may lack something.
    fn is_completed_elsewhere(&self) -> bool {
        self.template_patch.is_set() || self.generators.is_unknown() || {
            let generators = self.generators.known().into_iter().flatten();
            generators.cloned().any(|generator| generators::overrides(&generator.into_value()))
        }
    }

    fn check_metadata(&self, known: &TemplateParts, findings: &mut Findings) {
        let path = Path::attribute("template").field("metadata");
        let Some(metadata) = self.template.known().and_then(|it| it.0.metadata.known()) else {
            return;
        };
        match text(&metadata.name) {
            Attr::Null | Attr::Known("") if !self.is_completed_elsewhere() => {
                findings.error(path.field("name"), "every application needs a name");
            }
            Attr::Known(name) if has_parameters(name) => {
                findings.check(&path.field("name"), &Attr::Known(name), name_around_parameters);
            }
            Attr::Known(name) if !name.is_empty() => {
                findings.check(&path.field("name"), &Attr::Known(name), dns_subdomain);
                if !self.is_completed_elsewhere() {
                    findings.warn(
                        path.field("name"),
                        "it has no parameter, so that no more than one application can be generated",
                    );
                }
            }
            _ => {}
        }
        let own = match text(&self.metadata.namespace) {
            Attr::Null => Attr::Known(NAMESPACE),
            set => set,
        };
        let namespace = known.metadata.known().map(|metadata| text(&metadata.namespace));
        if let (Some(Attr::Known(namespace)), Attr::Known(own)) = (namespace, own)
            && namespace != own
        {
            findings.error(
                path.field("namespace"),
                format!("{namespace:?} is ignored: applications are generated beside their set, in {own:?}"),
            );
        }
    }
}

/// What a name has around its parameters has to be fit for one.
fn name_around_parameters(name: &str) -> Result<(), String> {
    let fits = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(*c);
    match outside(name).chars().find(|c| !fits(c)) {
        None => Ok(()),
        Some(c) => Err(format!(
            "{name:?} makes no name of an object: outside of parameters it has {c:?}, and names have \
             lower-case letters, digits, \"-\" and \".\""
        )),
    }
}

impl Strategy {
    fn check(&self, findings: &mut Findings) {
        let path = Path::attribute("strategy");
        let kind = text(&self.r#type);
        findings.check_one_of(&path.field("type"), &kind, &["AllAtOnce", "RollingSync"]);
        let order = text(&self.deletion_order);
        let orders = ["AllAtOnce", "Reverse"];
        findings.check_one_of(&path.field("deletion_order"), &order, &orders);
        let rolling = kind == Attr::Known("RollingSync");
        if order == Attr::Known("Reverse") && !rolling && !kind.is_unknown() {
            let rule =
                "\"Reverse\" follows the steps of a rolling sync: set type = \"RollingSync\"";
            findings.error(path.field("deletion_order"), rule);
        }
        let at = path.field("rolling_sync");
        if self.rolling_sync.known().is_some() && !rolling && !kind.is_unknown() {
            findings.error(at.clone(), "it is ignored without type = \"RollingSync\"");
        }
        if rolling && self.rolling_sync.is_null() {
            findings.error(path.clone(), "a rolling sync needs rolling_sync with its steps");
        }
        let Attr::Known(sync) = &self.rolling_sync else { return };
        let at = at.field("steps");
        if sync.steps.is_null() || sync.steps.known().is_some_and(Vec::is_empty) {
            findings.error(at.clone(), "a rolling sync needs at least one step");
        }
        for (index, step) in sync.steps.known().into_iter().flatten().enumerate() {
            let at = at.index(index);
            findings.check(&at.field("max_update"), &text(&step.max_update), amount);
            let expressions = step.match_expressions.known().into_iter().flatten();
            for (index, expression) in expressions.enumerate() {
                let at = at.field("match_expressions").index(index);
                let operator = text(&expression.operator);
                findings.check_one_of(&at.field("operator"), &operator, &["In", "NotIn"]);
                let absent = [
                    ("key", expression.key.is_null()),
                    ("operator", expression.operator.is_null()),
                    ("values", expression.values.is_null()),
                ];
                for (name, _) in absent.iter().filter(|(_, absent)| *absent) {
                    findings.error(at.field(*name), "a rule for a label needs it");
                }
            }
        }
    }
}

/// A number, or a percentage.
fn amount(text: &str) -> Result<(), String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse::<u32>();
    match number {
        Ok(number) if number <= 100 || !text.ends_with('%') => Ok(()),
        _ => Err(format!("{text:?} is neither a number, such as \"3\", nor a percentage, \"25%\"")),
    }
}

/// What nobody has set here may come from elsewhere.
fn or_unknown<T>(attr: Attr<T>) -> Attr<T> {
    if attr.is_null() { Attr::Unknown } else { attr }
}

/// Findings of a part, at their place in the whole.
fn below(at: &[&str], found: Vec<Finding>) -> Vec<Finding> {
    let place = at.iter().fold(Path::root(), |path, name| path.field(*name));
    let lift = |finding: Finding| {
        let steps = place.steps().iter().chain(finding.path.steps());
        Finding { path: steps.cloned().collect(), ..finding }
    };
    found.into_iter().map(lift).collect()
}

/// A list of generators as a value, to be walked.
fn values(generators: &Attr<Vec<Generator>>) -> Value {
    generators.clone().into_value()
}

#[cfg(test)]
mod tests;
