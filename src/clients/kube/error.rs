//! From what an API server answers to the provider's [`Error`].
//!
//! An HTTP status says little: a 404 may mean the object, its namespace or its
//! whole type; a 500 may be a webhook that is still starting or a field that
//! does not exist. A [`Failure`] therefore keeps beside the error its
//! [`Cause`], which decides whether trying again helps.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kube::core::response::{Status, reason};

use super::object::ObjectKind;
use super::token::Principal;
use crate::framework::Error;

mod transport;

/// Why a request failed, as far as it decides what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The object does not exist.
    Absent,
    /// The API server does not serve objects of this type (yet).
    TypeNotServed,
    /// The namespace does not exist (yet).
    NoNamespace,
    /// An object of that name exists.
    Exists,
    /// Another field manager owns a field.
    Owned,
    /// The object changed between two requests.
    Changed,
    /// An object of that name, or its namespace, is being deleted.
    Terminating,
    /// The request breaks a rule.
    Invalid,
    /// The credentials were not accepted.
    Unauthenticated,
    /// A permission is missing.
    Forbidden,
    /// An admission or conversion webhook could not be called.
    Webhook,
    /// Too many requests.
    Throttled,
    /// No connection came about: nothing was sent.
    Unreachable,
    /// The server failed or vanished; what it did with the request is not known.
    Unavailable,
    /// The resource version is too old to go on from.
    Expired,
    /// Anything else.
    Other,
}

/// A failed request.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) cause: Cause,
    pub(super) error: Error,
    /// How long the server asks to wait.
    pub(super) retry_after: Option<Duration>,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl Failure {
    pub(super) fn new(cause: Cause, error: Error) -> Self {
        Self { cause, error, retry_after: None }
    }
}

/// What every error about a cluster may need to say.
#[derive(Clone, Debug)]
pub(super) struct About {
    /// The cluster as the user knows it: `EKS cluster "main"`.
    pub(super) target: Arc<str>,
    /// URL of the API server.
    pub(super) url: Arc<str>,
    /// Whom the requests stand for; known for a refusal.
    pub(super) principal: Option<Arc<Principal>>,
    /// Whether access is granted by EKS access entries.
    pub(super) eks: bool,
}

impl About {
    /// The ARN that an access entry has to name.
    fn access_entry(&self) -> Option<&str> {
        self.principal.as_ref()?.access_entry.as_deref()
    }
}

/// A request, as far as it explains its failure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) kind: &'a ObjectKind,
    pub(super) name: Option<&'a str>,
    pub(super) about: &'a About,
}

/// One field that the API server refused, from `details.causes` of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedField {
    /// Path in the object, as the server writes it: `.spec.source.path`, `spec.project`.
    pub field: String,
    /// Why, in the server's words.
    pub message: String,
    /// `FieldValueRequired`, `FieldManagerConflict`, …
    pub reason: String,
}

/// The fields that made the API server refuse an object; none for other errors.
///
/// A resource finds the attribute to blame with it.
pub fn refused_fields(error: &Error) -> &[RefusedField] {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<Refusal>())
        .map_or(&[], |refusal| &refusal.0)
}

/// Keeps the refused fields as the source of an error.
#[derive(Debug)]
struct Refusal(Vec<RefusedField>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self.0.iter().map(|refused| refused.field.as_str()).collect();
        write!(f, "refused fields: {}", fields.join(", "))
    }
}

impl std::error::Error for Refusal {}

impl Failure {
    /// From an answer with an error status.
    ///
    /// `audit_id` is the header `Audit-Id`, under which the cluster's audit log
    /// has the request.
    pub(super) fn from_status(
        code: u16,
        status: &Status,
        audit_id: Option<&str>,
        call: Call<'_>,
    ) -> Self {
        let refused = refused(status);
        let (cause, mut error) = read(code, status, &refused, call);
        error = error.code(if status.reason.is_empty() {
            code.to_string()
        } else {
            status.reason.clone()
        });
        if let Some(id) = audit_id {
            error = error.request_id(id);
        }
        if !refused.is_empty() {
            error = error.caused_by(Refusal(refused));
        }
        let wait = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
        let retry_after = (wait > 0).then(|| Duration::from_secs(wait.into()));
        Self { cause, error, retry_after }
    }
}

fn refused(status: &Status) -> Vec<RefusedField> {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes
        .filter(|cause| !cause.field.is_empty())
        .map(|cause| RefusedField {
            field: cause.field.clone(),
            message: cause.message.clone(),
            reason: cause.reason.clone(),
        })
        .collect()
}

/// Texts that API servers put into statuses whose code and reason do not tell enough.
mod says {
    /// A webhook that could not be reached, timed out or has a certificate not yet trusted.
    pub(super) const WEBHOOK: [&str; 2] = ["failed calling webhook", "conversion webhook for"];
    /// A server-side apply of a field that the schema does not have, or of the wrong type.
    pub(super) const UNTYPED: [&str; 2] =
        ["failed to create typed patch object", "failed to convert new object"];
    /// An object that is on its way out.
    pub(super) const TERMINATING: [&str; 3] =
        ["being terminated", "object is being deleted", "is terminating"];
    /// A missing permission, as the authorizer words it.
    pub(super) const NO_PERMISSION: &str = "is forbidden: User ";
    /// An answer of the storage that is true for a moment only.
    pub(super) const STORAGE: [&str; 3] =
        ["etcdserver: leader changed", "etcdserver: request timed out", "etcdserver: no leader"];
}

fn read(code: u16, status: &Status, refused: &[RefusedField], call: Call<'_>) -> (Cause, Error) {
    let message = message(status);
    let mentions = |texts: &[&str]| texts.iter().any(|text| status.message.contains(text));
    match code {
        401 => (Cause::Unauthenticated, unauthenticated(call)),
        403 if mentions(&says::TERMINATING) => terminating(message),
        403 => forbidden(status, message, call),
        404 => not_found(status, message, call),
        409 if status.reason == reason::ALREADY_EXISTS && !mentions(&says::TERMINATING) => {
            (Cause::Exists, Error::already_exists(message))
        }
        409 if refused.iter().any(|refused| refused.reason == "FieldManagerConflict") => {
            (Cause::Owned, owned(refused))
        }
        409 if mentions(&says::TERMINATING) => terminating(message),
        409 if mentions(&["the object has been modified"]) => {
            (Cause::Changed, Error::conflict(message))
        }
        409 => (Cause::Other, Error::conflict(message)),
        410 => (Cause::Expired, Error::unavailable(message)),
        400 | 413 | 415 | 422 => (Cause::Invalid, Error::invalid(refusal(refused, &message))),
        429 => (Cause::Throttled, Error::throttled(message)),
        500 if mentions(&says::UNTYPED) => (Cause::Invalid, Error::invalid(untyped(&message))),
        _ if mentions(&says::WEBHOOK) => (
            Cause::Webhook,
            Error::unavailable(message).advise(
                "The controller that runs this webhook may still be starting: check that its pods \
                 run and that its Service has endpoints.",
            ),
        ),
        500 if !mentions(&says::STORAGE) => (Cause::Other, Error::failed(message)),
        500 | 502..=504 => (Cause::Unavailable, Error::unavailable(message)),
        _ => (Cause::Other, Error::failed(message)),
    }
}

/// The server's message, cut where it would fill a screen: webhooks like to
/// repeat the whole object.
fn message(status: &Status) -> String {
    const LONGEST: usize = 2_000;
    let text = status.message.trim();
    if text.is_empty() {
        return format!("the API server answered {}", status.code);
    }
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

fn terminating(message: String) -> (Cause, Error) {
    (Cause::Terminating, Error::unavailable(message))
}

fn unauthenticated(call: Call<'_>) -> Error {
    let About { target, principal, eks, .. } = call.about;
    let who = principal.as_ref().map_or("the client", |principal| principal.name.as_str());
    let error =
        Error::unauthenticated(format!("{target} does not accept the credentials of {who}"));
    if *eks {
        error.advise(format!(
            "It needs an access entry in this cluster, gitops_eks_access_entry with \
             {}, and the cluster an authentication mode that uses access entries. An entry made \
             moments ago takes a while to be known, and one whose role or user was deleted and made \
             again has to be replaced.",
            call.about.access_entry().map_or_else(
                || "its ARN as principal_arn".to_owned(),
                |arn| format!("principal_arn = {arn:?}")
            )
        ))
    } else {
        error.advise("Check that the token or certificate is for this cluster and has not expired.")
    }
}

fn forbidden(status: &Status, message: String, call: Call<'_>) -> (Cause, Error) {
    if !status.message.contains(says::NO_PERMISSION) {
        // A rule of an admission plugin or webhook: permissions have nothing to do with it.
        return (Cause::Other, Error::forbidden(message));
    }
    let advice = if call.about.eks {
        let entry = call.about.access_entry().map(|arn| format!(" of {arn}")).unwrap_or_default();
        format!(
            "Associate an access policy with the access entry{entry} (gitops_eks_access_entry), or \
             bind a role that allows this to one of the entry's Kubernetes groups. A policy \
             associated moments ago takes a while to have effect."
        )
    } else {
        "Bind a Role or ClusterRole that allows this to the user, group or service account.".into()
    };
    let principal = call.about.principal.as_ref().map(|principal| principal.name.as_str());
    let message = match principal.filter(|principal| !message.contains(principal)) {
        Some(principal) => format!("{message} (the provider logs in as {principal})"),
        None => message,
    };
    (Cause::Forbidden, Error::forbidden(message).advise(advice))
}

fn not_found(status: &Status, message: String, call: Call<'_>) -> (Cause, Error) {
    let (kind, name) = status
        .details
        .as_ref()
        .map_or(("", ""), |details| (details.kind.as_str(), details.name.as_str()));
    let target = &call.about.target;
    if !name.is_empty() && kind == call.kind.plural && call.name == Some(name) {
        return (Cause::Absent, Error::not_found(message));
    }
    if kind == "namespaces" {
        let error = Error::failed(format!("namespace {name:?} does not exist in {target}")).advise(
            "Create the namespace first: refer to the resource that makes it, so that \
                 Terraform keeps the order.",
        );
        return (Cause::NoNamespace, error);
    }
    if name.is_empty() {
        // `404 page not found` as plain text, or a status without details.
        return (Cause::TypeNotServed, type_not_served(call));
    }
    // A webhook that misses something the object refers to.
    (Cause::Other, Error::failed(message))
}

pub(super) fn type_not_served(call: Call<'_>) -> Error {
    let Call { kind, about, .. } = call;
    Error::failed(format!(
        "{} does not serve {} of {}: its CustomResourceDefinition is not installed",
        about.target, kind.kind, kind.api_version
    ))
    .advise(
        "Install what brings the CustomResourceDefinition first (the EKS capability, or the Helm \
         chart), and refer to its resource or name it in depends_on, so that Terraform keeps the \
         order.",
    )
}

fn owned(refused: &[RefusedField]) -> Error {
    let fields: Vec<_> = refused
        .iter()
        .map(|RefusedField { field, message, .. }| {
            let manager = message.strip_prefix("conflict with ").unwrap_or(message);
            format!("{field} (set by {manager})")
        })
        .collect();
    Error::conflict(format!(
        "other field managers own fields of this object: {}",
        fields.join(", ")
    ))
    .advise(
        "If somebody else is to decide these fields, leave them out of the configuration or list \
         them in ignore_fields. If they are to be decided here, have the other manager give them \
         up, or set force_conflicts where the resource has it.",
    )
}

fn refusal(refused: &[RefusedField], message: &str) -> String {
    match refused {
        [] => message.to_string(),
        [one] => format!("{}: {}", one.field, one.message),
        many => {
            let lines =
                many.iter().map(|refused| format!("\n- {}: {}", refused.field, refused.message));
            format!("{} fields are refused:{}", many.len(), lines.collect::<String>())
        }
    }
}

/// Only where and what was expected: the rest repeats the value, which may be a secret.
fn untyped(message: &str) -> String {
    let why = message.split_once("): ").map_or(message, |(_, why)| why);
    why.split_once(", got ").map_or(why, |(expected, _)| expected).to_string()
}

#[cfg(test)]
mod tests;
