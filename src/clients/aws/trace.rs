//! What happens around every call: the user agent, giving up on hosts that
//! cannot be reached, a look at the clock of AWS, and notes for error messages.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, Error as AnyError, FinalizerInterceptorContextMut,
    InterceptorContext,
};
use aws_smithy_runtime_api::client::orchestrator::{Metadata, OrchestratorError};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};

use super::credentials::Held;
use super::error::chain;
use super::time::AwsTime;

/// Attempts at a host to which no connection comes about. A wrong Region or
/// endpoint, a missing route: 25 attempts would take minutes to say so.
pub(super) const CONNECT_ATTEMPTS: u32 = 5;

/// Follows the calls of one client.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    /// None where the call is not signed.
    pub(super) credentials: Option<Held>,
    pub(super) user_agent: Option<Arc<str>>,
    pub(super) time: AwsTime,
}

/// The host of the current attempt.
#[derive(Clone, Debug)]
struct Host(Arc<str>);

impl Storable for Host {
    type Storer = StoreReplace<Self>;
}

/// On every response: who answered whom.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) host: Arc<str>,
    /// Where the credentials came from, as in `profile "dev"`.
    pub(super) credentials: Option<Arc<str>>,
}

impl Answered {
    #[cfg(test)]
    pub(super) fn for_tests(host: &str, credentials: &str) -> Self {
        Self { host: host.into(), credentials: Some(credentials.into()) }
    }
}

/// A call that got no answer.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) host: Arc<str>,
    pub(super) attempts: u32,
    pub(super) cause: Box<OrchestratorError<AnyError>>,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer from {}", self.host)
    }
}

impl StdError for Lost {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.cause.as_ref())
    }
}

impl Intercept for Trace {
    fn name(&self) -> &'static str {
        "Trace"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if let Some(suffix) = &self.user_agent {
            // Not a signed header, so it may be changed this late.
            let agent = request.headers().get("user-agent").unwrap_or_default();
            let agent = format!("{agent} {suffix}");
            request.headers_mut().insert("user-agent", agent.trim().to_owned());
        }
        let host = request.uri().parse::<http::Uri>().ok();
        let host = host.and_then(|uri| uri.authority().map(|it| it.as_str().into()));
        config.interceptor_state().store_put(Host(host.unwrap_or_else(|| "the endpoint".into())));
        Ok(())
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Host(host)) = config.load::<Host>().cloned() else { return Ok(()) };
        log_attempt(context, &host, config);
        if let Some(response) = context.response_mut() {
            self.time.note(response);
            let credentials = self.credentials.as_ref().map(Held::describe);
            response.add_extension(Answered { host: host.clone(), credentials });
        }
        let attempts = attempts(config);
        if let Some(Err(error)) = context.output_or_error_mut()
            && attempts >= CONNECT_ATTEMPTS
            && never_connected(error)
        {
            lose(error, host, attempts);
        }
        Ok(())
    }

    fn modify_before_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Host(host)) = config.load::<Host>().cloned() else { return Ok(()) };
        let attempts = attempts(config);
        if let Some(Err(error)) = context.output_or_error_mut()
            && (error.is_connector_error() || error.is_timeout_error())
            && !chain(error).any(<dyn StdError>::is::<Lost>)
        {
            lose(error, host, attempts);
        }
        Ok(())
    }
}

/// How often the call was tried so far.
fn attempts(config: &ConfigBag) -> u32 {
    config.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts)
}

/// One line for each attempt. Neither headers nor bodies: there are secrets in both.
fn log_attempt(context: &FinalizerInterceptorContextMut<'_>, host: &str, config: &ConfigBag) {
    let of = config.load::<Metadata>();
    let attempt = attempts(config);
    let response = context.response();
    tracing::debug!(
        service = of.map(Metadata::service),
        operation = of.map(Metadata::name),
        host,
        attempt,
        status = response.map(|response| response.status().as_u16()),
        request_id = response.and_then(|it| it.headers().get("x-amzn-requestid")),
        "AWS request"
    );
}

/// Wraps the error, which also ends the attempts: an error of this kind is not tried again.
fn lose(error: &mut OrchestratorError<AnyError>, host: Arc<str>, attempts: u32) {
    let placeholder = OrchestratorError::other("taken");
    let cause = Box::new(std::mem::replace(error, placeholder));
    let lost = Lost { host, attempts, cause };
    *error = OrchestratorError::connector(ConnectorError::other(Box::new(lost), None));
}

fn never_connected(error: &OrchestratorError<AnyError>) -> bool {
    chain(error)
        .filter_map(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>())
        .any(hyper_util::client::legacy::Error::is_connect)
}

/// What the SDK's own rules on trying again get wrong for these services.
#[derive(Debug)]
pub(super) struct Attempts;

impl ClassifyRetry for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let (Some(response), Some(Err(_))) = (context.response(), context.output_or_error()) else {
            return RetryAction::NoActionIndicated;
        };
        let names = |code: &str| {
            let header = response.headers().get("x-amzn-errortype");
            let body = response.body().bytes().map(String::from_utf8_lossy);
            header.is_some_and(|it| it.contains(code)) || body.is_some_and(|it| it.contains(code))
        };
        match response.status().as_u16() {
            // A used-up quota. The SDK takes the code for throttling.
            400 | 409 if names("LimitExceededException") => RetryAction::RetryForbidden,
            // Throttling that is not said in a code, as of a gateway in between.
            429 => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }
}
