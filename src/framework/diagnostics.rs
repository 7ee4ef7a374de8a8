//! What a call has to tell its user.

use super::error::Error;
use super::path::Path;

/// One message for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the call failed because of it.
    pub severity: Severity,
    /// One line, without a final period.
    pub summary: String,
    /// The whole story and what to do.
    pub detail: String,
    /// The attribute it is about; the root for the whole block.
    pub path: Path,
    /// Whether it is an error only because something is not known yet.
    pub premature: bool,
}

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The call failed.
    Error,
    /// The call went on.
    Warning,
}

/// The messages of one call, in the order they came up.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl From<&Error> for Diagnostics {
    fn from(error: &Error) -> Self {
        let mut only = Self::default();
        only.error(error);
        only
    }
}

impl Diagnostics {
    /// Adds an error, unless the same one is there already.
    pub fn error(&mut self, error: &Error) {
        self.add(Diagnostic {
            severity: Severity::Error,
            summary: error.summary(),
            detail: error.detail(),
            path: error.path().cloned().unwrap_or_default(),
            premature: error.is_premature(),
        });
    }

    /// Adds an error about one attribute: `summary` names the rule's subject,
    /// `detail` the rule that is broken and what to write instead.
    pub fn invalid(&mut self, path: Path, summary: impl Into<String>, detail: impl Into<String>) {
        let (summary, detail) = (summary.into(), detail.into());
        self.add(Diagnostic { severity: Severity::Error, summary, detail, path, premature: false });
    }

    /// Adds a warning.
    pub fn warn(&mut self, path: Path, summary: impl Into<String>, detail: impl Into<String>) {
        let (summary, detail) = (summary.into(), detail.into());
        let severity = Severity::Warning;
        self.add(Diagnostic { severity, summary, detail, path, premature: false });
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: Diagnostics) {
        for other in others.0 {
            self.add(other);
        }
    }

    /// Adds a message, unless the same one is there already.
    pub fn add(&mut self, diagnostic: Diagnostic) {
        if !self.0.contains(&diagnostic) {
            self.0.push(diagnostic);
        }
    }

    /// Each message as `change` makes it.
    #[must_use]
    pub fn map(self, change: impl FnMut(Diagnostic) -> Diagnostic) -> Self {
        Self(self.0.into_iter().map(change).collect())
    }

    /// Whether the call failed, and will not once everything is known.
    pub fn are_premature(&self) -> bool {
        let mut errors = self.0.iter().filter(|found| found.severity == Severity::Error).peekable();
        errors.peek().is_some() && errors.all(|error| error.premature)
    }

    /// Without the errors.
    #[must_use]
    pub fn without_errors(mut self) -> Self {
        self.0.retain(|found| found.severity != Severity::Error);
        self
    }

    /// Whether the call failed.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The messages.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
