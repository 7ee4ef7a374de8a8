//! What rules over several values report.

use crate::framework::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::framework::model::Attr;
use crate::framework::path::Path;

/// One rule that a configuration breaks, or one thing in it that looks wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The attribute that it is about.
    pub path: Path,
    /// Errors are refused; warnings are for what an API takes and does nothing
    /// sensible with, or for what this provider may know too little about.
    pub severity: Severity,
    /// The rule, in lower case and without a final period.
    pub rule: String,
}

impl From<Finding> for Diagnostic {
    fn from(Finding { path, severity, rule }: Finding) -> Self {
        let subject =
            if path.is_root() { "the configuration".to_owned() } else { path.to_string() };
        let (summary, detail) = match severity {
            Severity::Error => (
                format!("Invalid value for {subject}"),
                format!("The value of {subject} breaks a rule: {rule}."),
            ),
            Severity::Warning => (
                format!("Questionable value for {subject}"),
                format!("Look at the value of {subject}: {rule}."),
            ),
        };
        Self { severity, summary, detail, path, premature: false }
    }
}

/// Findings as they come up, in that order.
#[derive(Clone, Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds an error.
    pub fn error(&mut self, path: Path, rule: impl Into<String>) {
        self.0.push(Finding { path, severity: Severity::Error, rule: rule.into() });
    }

    /// Adds a warning.
    pub fn warn(&mut self, path: Path, rule: impl Into<String>) {
        self.0.push(Finding { path, severity: Severity::Warning, rule: rule.into() });
    }

    /// Adds an error when a known text breaks `check`.
    pub fn check(
        &mut self,
        path: &Path,
        text: &Attr<&str>,
        check: impl FnOnce(&str) -> Result<(), String>,
    ) {
        if let Attr::Known(text) = text
            && let Err(rule) = check(text)
        {
            self.error(path.clone(), rule);
        }
    }

    /// Adds an error for each element of a known list that breaks `check`.
    pub fn check_each(
        &mut self,
        path: &Path,
        texts: &Attr<Vec<&str>>,
        check: impl Fn(&str) -> Result<(), String>,
    ) {
        for (index, text) in texts.known().into_iter().flatten().enumerate() {
            if let Err(rule) = check(text) {
                self.error(path.index(index), rule);
            }
        }
    }

    /// Adds an error when a known text is none of `allowed`.
    pub fn check_one_of(&mut self, path: &Path, text: &Attr<&str>, allowed: &[&str]) {
        self.check(path, text, |text| {
            let known = allowed.contains(&text);
            super::ensure(known, || format!("{text:?} is not one of: {}", allowed.join(", ")))
        });
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}

/// Tells the user when none of these attributes is set, or more than one. What is unknown may yet
/// turn out to be null.
pub fn exactly_one(attributes: &[(&'static str, &Attr<String>)], diagnostics: &mut Diagnostics) {
    let mut findings = Findings::default();
    let names: Vec<_> = attributes.iter().map(|(name, _)| *name).collect();
    let set = |(_, value): &&(_, &Attr<String>)| value.known().is_some();
    let mut set = attributes.iter().filter(set).map(|(name, _)| *name);
    if let Some(first) = set.next() {
        for other in set {
            let rule = format!("only one of {} can be set, and {first} is", names.join(", "));
            findings.error(Path::attribute(other), rule);
        }
    } else if attributes.iter().all(|(_, value)| value.is_null()) {
        findings.error(Path::root(), format!("one of {} has to be set", names.join(", ")));
    }
    for finding in findings {
        diagnostics.add(finding.into());
    }
}

impl Extend<Finding> for Findings {
    fn extend<I: IntoIterator<Item = Finding>>(&mut self, findings: I) {
        self.0.extend(findings);
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_becomes_a_diagnostic_at_its_attribute() {
        let mut findings = Findings::default();
        let path = Path::attribute("sources").index(1).field("ref");
        findings.error(path.clone(), "\"a\" is taken");
        findings.warn(Path::root(), "this is odd");
        let diagnostics: Vec<Diagnostic> = findings.into_iter().map(Into::into).collect();
        assert_eq!(diagnostics[0].path, path);
        assert_eq!(diagnostics[0].summary, "Invalid value for sources[1].ref");
        assert_eq!(
            diagnostics[0].detail,
            "The value of sources[1].ref breaks a rule: \"a\" is taken."
        );
        assert_eq!(diagnostics[1].severity, Severity::Warning);
        assert_eq!(diagnostics[1].detail, "Look at the value of the configuration: this is odd.");
    }

    #[test]
    fn of_alternatives_one_is_set_and_the_unknown_may_be_it() {
        let known = || Attr::Known("x".to_owned());
        let broken = |a: &Attr<String>, b: &Attr<String>, c: &Attr<String>| {
            let mut found = Diagnostics::default();
            exactly_one(&[("a", a), ("b", b), ("c", c)], &mut found);
            found.iter().map(|found| found.path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(broken(&known(), &Attr::Null, &Attr::Null), [""; 0]);
        assert_eq!(broken(&Attr::Null, &Attr::Unknown, &Attr::Unknown), [""; 0]);
        assert_eq!(broken(&Attr::Unknown, &known(), &Attr::Null), [""; 0]);
        assert_eq!(broken(&Attr::Null, &Attr::Null, &Attr::Null), [""]);
        assert_eq!(broken(&known(), &Attr::Unknown, &known()), ["c"]);
    }

    #[test]
    fn only_known_values_are_checked() {
        let mut findings = Findings::default();
        let refuse = |text: &str| Err(format!("{text} is wrong"));
        let path = Path::attribute("a");
        findings.check(&path, &Attr::Null, refuse);
        findings.check(&path, &Attr::Unknown, refuse);
        findings.check_each(&path, &Attr::Unknown, refuse);
        assert_eq!(findings.clone().into_vec(), []);
        findings.check_each(&path, &Attr::Known(vec!["x", "y"]), refuse);
        let found = findings.into_vec();
        assert_eq!(found[1].path.to_string(), "a[1]");
        assert_eq!(found[1].rule, "y is wrong");
    }
}
