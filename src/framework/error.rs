//! The one error of the provider.
//!
//! An [`Error`] is opaque: code that handles one asks questions such as
//! [`Error::is_not_found`] and never matches on text. Each layer that knows
//! more adds one [`context`](Error::context) line; nothing is re-worded on the
//! way. Only when the error becomes a diagnostic are the parts joined: the
//! summary says what was being done, the detail what went wrong, with the
//! API's own code and request id, and what to do about it.

use std::borrow::Cow;
use std::fmt;

use super::path::{Path, Step};

/// Result with the provider's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, for a person and for the code that handles it.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: String,
    /// What was being done, innermost first.
    context: Vec<Cow<'static, str>>,
    path: Option<Path>,
    advice: Option<Cow<'static, str>>,
    code: Option<String>,
    request_id: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Invalid,
    Premature,
    NotFound,
    AlreadyExists,
    Conflict,
    Throttled,
    Unauthenticated,
    Forbidden,
    Unavailable,
    TimedOut,
    Cancelled,
    Failed,
    Bug,
}

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            context: Vec::new(),
            path: None,
            advice: None,
            code: None,
            request_id: None,
            source: None,
        }))
    }

    /// The configuration, or a request made of it, breaks a rule.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// Something that is needed now is known only after apply.
    pub fn premature(message: impl Into<String>) -> Self {
        Self::new(Kind::Premature, message)
    }

    /// The object does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// An object of this name exists already.
    pub fn already_exists(message: impl Into<String>) -> Self {
        Self::new(Kind::AlreadyExists, message)
    }

    /// Somebody else changed, owns or uses the object.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    /// The API asks to slow down; waiting helps.
    pub fn throttled(message: impl Into<String>) -> Self {
        Self::new(Kind::Throttled, message)
    }

    /// The credentials were missing, expired or not recognised.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Kind::Unauthenticated, message)
    }

    /// The credentials are known and lack a permission.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, message)
    }

    /// The API could not be reached or failed on its side; trying again may help.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    /// Something was waited for in vain.
    pub fn timed_out(message: impl Into<String>) -> Self {
        Self::new(Kind::TimedOut, message)
    }

    /// The run was stopped by its user.
    pub fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "the run was cancelled")
    }

    /// The operation ended badly, for a reason that trying again does not change.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// The provider broke one of its own rules.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, message)
            .advise("This is a bug in the provider. Please report it with this message.")
    }

    /// Adds what was being done, as in `"creating capability \"argocd\""`.
    #[must_use]
    pub fn context(mut self, doing: impl Into<Cow<'static, str>>) -> Self {
        self.0.context.push(doing.into());
        self
    }

    /// Points at the attribute that is to blame, unless a layer below did.
    #[must_use]
    pub fn at(mut self, path: impl Into<Path>) -> Self {
        self.0.path.get_or_insert(path.into());
        self
    }

    /// The same error one level further out: `step` leads to what its path began at.
    ///
    /// For errors on their way up through nested values; [`at`](Self::at) is for
    /// whoever knows the whole path.
    #[must_use]
    pub fn inside(mut self, step: Step) -> Self {
        let below = self.0.path.take().unwrap_or_default();
        self.0.path = Some(std::iter::once(step).chain(below.steps().iter().cloned()).collect());
        self
    }

    /// The same error one level further out, where that is an element of a set.
    ///
    /// The protocol has no step into a set: the path ends at the set, and the message says where
    /// within the element it led.
    #[must_use]
    pub fn inside_set(mut self) -> Self {
        if let Some(below) = self.0.path.take().filter(|path| !path.is_root()) {
            self.0.message = format!("{below} of an element: {}", self.0.message);
        }
        self
    }

    /// Says what the user can do, in whole sentences, unless a layer below did.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.0.advice.get_or_insert(advice.into());
        self
    }

    /// Keeps the API's own name for the error, as in `ResourceInUseException`.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// Keeps the API's id of the request.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// Keeps the error underneath, for logs.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// Whether the object was not there.
    pub fn is_not_found(&self) -> bool {
        self.0.kind == Kind::NotFound
    }

    /// Whether an object of that name was there before.
    pub fn is_already_exists(&self) -> bool {
        self.0.kind == Kind::AlreadyExists
    }

    /// Whether somebody else holds, uses or changed the object.
    pub fn is_conflict(&self) -> bool {
        self.0.kind == Kind::Conflict
    }

    /// Whether the configuration or request was refused as such.
    pub fn is_invalid(&self) -> bool {
        self.0.kind == Kind::Invalid
    }

    /// Whether something is missing that is known after apply.
    pub fn is_premature(&self) -> bool {
        self.0.kind == Kind::Premature
    }

    /// Whether the credentials were not accepted.
    pub fn is_unauthenticated(&self) -> bool {
        self.0.kind == Kind::Unauthenticated
    }

    /// Whether a permission was missing.
    pub fn is_forbidden(&self) -> bool {
        self.0.kind == Kind::Forbidden
    }

    /// Whether a wait ran out of time.
    pub fn is_timed_out(&self) -> bool {
        self.0.kind == Kind::TimedOut
    }

    /// Whether the run was stopped.
    pub fn is_cancelled(&self) -> bool {
        self.0.kind == Kind::Cancelled
    }

    /// Whether the same call may succeed a little later.
    pub fn is_transient(&self) -> bool {
        matches!(self.0.kind, Kind::Throttled | Kind::Unavailable)
    }

    /// Whether the API has said no, so that nothing was done. Of a call that
    /// got no answer, or that was stopped, nobody knows.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Invalid
                | Kind::Premature
                | Kind::NotFound
                | Kind::AlreadyExists
                | Kind::Conflict
                | Kind::Unauthenticated
                | Kind::Forbidden
        )
    }

    /// The API's own name for the error.
    pub fn api_code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What went wrong, without context.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The attribute that is to blame.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_ref()
    }

    /// The first line of a diagnostic: what was being done, or what went wrong.
    pub fn summary(&self) -> String {
        match self.0.context.last() {
            Some(doing) => capitalise(doing),
            None => capitalise(&self.0.message),
        }
    }

    /// The body of a diagnostic: every context line, the cause, and what to do.
    pub fn detail(&self) -> String {
        let mut lines = Vec::new();
        let inner = &self.0;
        // The outermost context line is the summary already.
        for doing in inner.context.iter().rev().skip(1) {
            lines.push(format!("While {doing}:"));
        }
        let mut cause = capitalise(&inner.message);
        if !cause.ends_with(['.', '!', '?', ':']) {
            cause.push('.');
        }
        lines.push(cause);
        let api = [("code", &inner.code), ("request id", &inner.request_id)];
        let api: Vec<_> =
            api.iter().filter_map(|(k, v)| v.as_ref().map(|v| format!("{k} {v}"))).collect();
        if !api.is_empty() {
            lines.push(format!("({})", api.join(", ")));
        }
        if let Some(advice) = &inner.advice {
            lines.push(String::new());
            lines.push(advice.to_string());
        }
        lines.join("\n")
    }
}

fn capitalise(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for doing in self.0.context.iter().rev() {
            write!(f, "{doing}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("context", &inner.context)
            .field("path", &inner.path)
            .field("code", &inner.code)
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Adds context to the error of a result.
pub trait Context<T> {
    /// See [`Error::context`]; the text is made only when there is an error.
    fn context<C: Into<Cow<'static, str>>>(self, doing: impl FnOnce() -> C) -> Result<T>;
}

impl<T> Context<T> for Result<T> {
    fn context<C: Into<Cow<'static, str>>>(self, doing: impl FnOnce() -> C) -> Result<T> {
        self.map_err(|error| error.context(doing()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_says_what_was_done_what_went_wrong_and_what_to_do() {
        let error = Error::conflict("the name is taken")
            .code("ResourceInUseException")
            .request_id("7f3a")
            .advise("Import it, or choose another name.")
            .context("calling CreateCapability")
            .context("creating gitops_eks_capability_argocd \"main/argocd\"");
        assert_eq!(error.summary(), "Creating gitops_eks_capability_argocd \"main/argocd\"");
        assert_eq!(
            error.detail(),
            "While calling CreateCapability:\nThe name is taken.\n(code ResourceInUseException, \
             request id 7f3a)\n\nImport it, or choose another name."
        );
        assert!(error.is_conflict() && !error.is_transient());
    }

    #[test]
    fn a_nested_error_ends_up_with_its_whole_path() {
        let error = Error::invalid("no").inside(Step::Attribute("key".into()));
        let error = error.inside(Step::Index(1)).inside(Step::Attribute("list".into()));
        assert_eq!(error.path().unwrap().to_string(), "list[1].key");
    }

    #[test]
    fn a_path_ends_at_a_set() {
        let error = Error::invalid("no").inside(Step::Attribute("key".into())).inside_set();
        let error = error.inside(Step::Attribute("set".into()));
        assert_eq!(error.path().unwrap().to_string(), "set");
        assert_eq!(error.message(), "key of an element: no");
        let error = Error::invalid("an element is null").inside_set();
        assert_eq!((error.path(), error.message()), (None, "an element is null"));
    }

    #[test]
    fn the_innermost_path_and_advice_win() {
        let error = Error::invalid("no").at("a").at("b").advise("x").advise("y");
        assert_eq!(error.path(), Some(&Path::attribute("a")));
        assert!(error.detail().ends_with('x'));
    }
}
