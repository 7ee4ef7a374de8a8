//! From what the SDK reports to the provider's [`Error`].
//!
//! Services answer with errors that their models do not list (every service
//! throttles and denies), so an error is told apart by its code, then by its
//! HTTP status, never by its Rust type.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use aws_smithy_async::future::timeout::TimedOutError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

mod advice;
pub(super) mod class;

use super::trace::{Answered, Lost};
use crate::framework::{Error, Result};
use class::Class;

/// Turns the SDK's result into the provider's.
pub trait OperationResult<T> {
    /// Names the API operation that was called, as in `"CreateCapability"`; the
    /// error then says so.
    ///
    /// # Errors
    /// The error answers [`Error::is_not_found`] and the like for what the API
    /// said, with its code in [`Error::api_code`].
    fn operation(self, name: &'static str) -> Result<T>;
}

impl<T, E> OperationResult<T> for std::result::Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    fn operation(self, name: &'static str) -> Result<T> {
        self.map_err(|error| {
            let report = Report::of(&error).doing(format!("calling {name}"));
            tracing::debug!(operation = name, error = %report, "an AWS call failed");
            // The SDK's error is not kept underneath: it holds the raw answer.
            report.into_error()
        })
    }
}

/// What is known of a failed call. Unlike an [`Error`] it can be handed to
/// several callers who wait for the same thing.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    class: Class,
    message: String,
    code: Option<String>,
    request_id: Option<String>,
    advice: Option<String>,
    /// Innermost first.
    doing: Vec<String>,
}

impl Report {
    pub(super) fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), ..Self::default() }
    }

    pub(super) fn doing(mut self, what: impl Into<String>) -> Self {
        self.doing.push(what.into());
        self
    }

    pub(super) fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice.get_or_insert(advice.into());
        self
    }

    /// Reads the SDK's error.
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        match error {
            SdkError::ServiceError(answer) => answered(answer.err(), answer.raw()),
            SdkError::ResponseError(answer) => unreadable(answer.raw(), Some(&causes(error))),
            _ => {
                // Credentials are looked for on the way to the service, and may fail there.
                let failure = chain(error).find_map(|cause| cause.downcast_ref::<Failure>());
                failure.map_or_else(|| unanswered(error), |Failure(report)| Self::clone(report))
            }
        }
    }

    fn into_error(self) -> Error {
        let mut error = self.class.error(self.message);
        if let Some(code) = self.code {
            error = error.code(code);
        }
        if let Some(id) = self.request_id {
            error = error.request_id(id);
        }
        if let Some(advice) = self.advice {
            error = error.advise(advice);
        }
        self.doing.into_iter().fold(error, Error::context)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for doing in self.doing.iter().rev() {
            write!(f, "{doing}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// A report on its way through the SDK, which passes on errors only.
#[derive(Clone, Debug)]
pub(super) struct Failure(Arc<Report>);

impl Failure {
    pub(super) fn into_error(self) -> Error {
        Arc::unwrap_or_clone(self.0).into_error()
    }
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        Self(Arc::new(report))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// The report has no source: its message is made of all of it.
impl StdError for Failure {}

/// The service answered with an error.
fn answered<E: ProvideErrorMetadata>(error: &E, raw: &HttpResponse) -> Report {
    let meta = error.meta();
    let Some(code) = meta.code().filter(|code| !code.is_empty()) else {
        return unreadable(raw, None);
    };
    let text = meta.message().map(str::trim).filter(|text| !text.is_empty());
    let message = text.map_or_else(
        || format!("the API answered {code} without a message"),
        |text| text.strip_suffix('.').unwrap_or(text).to_owned(),
    );
    let class = Class::of(code, raw.status().as_u16(), &message);
    let site = raw.extension::<Answered>();
    Report {
        class,
        advice: advice::on(class, code, &message, site),
        code: Some(code.to_owned()),
        request_id: meta.request_id().or(raw.request_id()).map(str::to_owned),
        message: match (class, site) {
            (Class::Unavailable, Some(site)) => format!("{message} (from {})", site.host),
            _ => message,
        },
        doing: Vec::new(),
    }
}

/// Something answered that does not talk like AWS, such as a proxy, or an
/// endpoint that does not know the operation.
fn unreadable(raw: &HttpResponse, cause: Option<&str>) -> Report {
    let status = raw.status().as_u16();
    let site = raw.extension::<Answered>();
    let host = site.map_or("the endpoint", |site| &site.host);
    let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
    let lacks = if raw.status().is_success() { "an answer of AWS" } else { "an AWS error" };
    let message = format!("{host} answered HTTP {status} without {lacks}{cause}");
    let report = Report {
        request_id: raw.request_id().map(str::to_owned),
        // Never "not found": that would drop a living object from the state.
        ..Report::new(Class::of_status(status), message)
    };
    if report.class == Class::Throttled {
        return report;
    }
    report.advise(
        "Something between here and AWS answered instead of AWS, or the endpoint is not one of AWS. \
         Check proxies and the endpoints of the provider block (AWS_ENDPOINT_URL and its like).",
    )
}

/// Nothing answered.
fn unanswered(error: &(dyn StdError + 'static)) -> Report {
    let lost = chain(error).find_map(|cause| cause.downcast_ref::<Lost>());
    let (host, tries, cause) = match lost {
        Some(Lost { host, attempts: 1, cause }) => (host.as_ref(), String::new(), causes(cause)),
        Some(Lost { host, attempts, cause }) => {
            (host.as_ref(), format!(" in {attempts} attempts"), causes(cause))
        }
        // A call of the SDK's own, such as for a role that a profile names.
        None if on_the_way(error) => ("AWS", String::new(), causes(error)),
        // The request was not even sent: endpoint rules, signing, serialisation.
        None => {
            let message = format!("the call cannot be made: {}", causes(error));
            return Report::new(Class::Invalid, message);
        }
    };
    let message = format!("no answer from {host}{tries}: {cause}");
    Report::new(Class::Unavailable, message).advise(format!(
        "Check that this machine can reach {host}: the Region, DNS, routes and firewalls, \
         http_proxy, https_proxy and no_proxy, custom_ca_bundle, and the endpoints of the provider \
         block."
    ))
}

/// Whether a connection failed or took too long.
fn on_the_way(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|cause| {
        let connection = cause.downcast_ref::<ConnectorError>();
        connection.is_some_and(|error| error.is_io() || error.is_timeout())
            || cause.is::<TimedOutError>()
    })
}

/// The error and everything underneath.
pub(super) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| StdError::source(*error))
}

/// What the chain of causes says, outermost first, without the SDK's own
/// headings and without saying anything twice.
pub(super) fn causes(error: &(dyn StdError + 'static)) -> String {
    const HEADINGS: [&str; 12] = [
        "an error occurred while loading credentials",
        "the credentials provider was not properly configured",
        "the credential provider was not enabled",
        "client error (Connect)",
        "dispatch failure",
        "connector error",
        "io error",
        "timeout",
        "other",
        "service error",
        "response error",
        "an unknown error occurred",
    ];
    let texts: Vec<String> = chain(error).map(|error| error.to_string().trim().into()).collect();
    let mut said: Vec<&str> = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let last = at + 1 == texts.len();
        let heading = HEADINGS.contains(&text.as_str()) && !(last && said.is_empty());
        // Some errors print their cause, some leave it to the reader.
        if !heading && !said.iter().any(|said| said.contains(text.as_str())) {
            said.push(text);
        }
    }
    said.join(": ")
}

#[cfg(test)]
mod tests;
