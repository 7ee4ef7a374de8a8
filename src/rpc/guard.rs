//! What is around every call: logging, errors and panics as diagnostics.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::{FutureExt, Stream, stream};
use tonic::codegen::BoxStream;
use tonic::{Response, Status};
use tracing::Instrument;
use tracing::field::Empty;

use super::diagnostics::diagnostics;
use super::proto;
use crate::framework::managed::panic_text;
use crate::framework::{Diagnostics, Error, Result};

/// A response that can carry messages.
pub(super) trait Reply: Default {
    /// A response with nothing but messages.
    fn with(diagnostics: Vec<proto::Diagnostic>) -> Self;
    /// The messages of a response.
    fn diagnostics(&self) -> &[proto::Diagnostic];
}

macro_rules! replies {
    ($($rpc:ident),* $(,)?) => {
        $(impl Reply for proto::$rpc::Response {
            fn with(diagnostics: Vec<proto::Diagnostic>) -> Self {
                let mut reply = Self::default();
                reply.diagnostics = diagnostics;
                reply
            }

            fn diagnostics(&self) -> &[proto::Diagnostic] {
                &self.diagnostics
            }
        })*
    };
}

replies! {
    apply_resource_change, close_ephemeral_resource, configure_provider, generate_resource_config, get_functions,
    get_provider_schema, get_resource_identity_schemas, import_resource_state,
    move_resource_state, open_ephemeral_resource, plan_action, plan_resource_change, read_data_source,
    read_resource, renew_ephemeral_resource, upgrade_resource_identity, upgrade_resource_state,
    validate_action_config, validate_data_resource_config, validate_ephemeral_resource_config,
    validate_list_resource_config, validate_provider_config, validate_resource_config,
}

/// The call of a function has room for one error, and for no other message.
impl Reply for proto::call_function::Response {
    fn with(diagnostics: Vec<proto::Diagnostic>) -> Self {
        let texts =
            diagnostics.into_iter().map(|said| format!("{}\n{}", said.summary, said.detail));
        let text = texts.collect::<Vec<_>>().join("\n\n");
        let error = proto::FunctionError { text, function_argument: None };
        Self { result: None, error: Some(error) }
    }

    fn diagnostics(&self) -> &[proto::Diagnostic] {
        &[]
    }
}

/// Answers a call whose outcome is nothing but messages.
pub(super) async fn tell<R: Reply>(
    rpc: &'static str,
    type_name: &str,
    work: impl Future<Output = Result<Diagnostics>>,
) -> Result<Response<R>, Status> {
    let work = async { Ok(R::with(diagnostics(work.await?))) };
    answer(rpc, type_name, work).await
}

/// Answers a call: an error or a panic becomes a diagnostic, for core shows
/// these in full, and a failed call as an opaque plugin error.
pub(super) async fn answer<R: Reply>(
    rpc: &'static str,
    type_name: &str,
    work: impl Future<Output = Result<R>>,
) -> Result<Response<R>, Status> {
    let span = span(rpc, type_name);
    let started = Instant::now();
    let work = async {
        tracing::trace!("received request");
        let result = AssertUnwindSafe(work).catch_unwind().await;
        let error = match result {
            Ok(Ok(reply)) => {
                let took = started.elapsed().as_millis();
                let count = reply.diagnostics().len();
                tracing::trace!(tf_req_duration_ms = took, diagnostics = count, "served request");
                return Ok(Response::new(reply));
            }
            Ok(Err(error)) => error,
            Err(panic) => Error::bug(format!("{rpc} panicked: {}", panic_text(&*panic))),
        };
        tracing::error!(error = ?error, "request failed");
        let found = Diagnostics::from(&error);
        Ok(Response::new(R::with(diagnostics(found))))
    };
    work.instrument(span).await
}

/// Starts an answer that comes in parts. What keeps it from starting is its
/// only part, made of messages by `last`.
pub(super) fn start<E, S>(
    rpc: &'static str,
    type_name: &str,
    work: impl FnOnce() -> Result<S>,
    last: impl FnOnce(Vec<proto::Diagnostic>) -> E,
) -> Response<BoxStream<E>>
where
    E: Send + 'static,
    S: Stream<Item = Result<E, Status>> + Send + 'static,
{
    let span = span(rpc, type_name);
    let _within = span.enter();
    tracing::trace!("received request");
    let error = match std::panic::catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(stream)) => return Response::new(Box::pin(stream)),
        Ok(Err(error)) => error,
        Err(panic) => Error::bug(format!("{rpc} panicked: {}", panic_text(&*panic))),
    };
    tracing::error!(error = ?error, "request failed");
    let found = Diagnostics::from(&error);
    Response::new(Box::pin(stream::iter([Ok(last(diagnostics(found)))])))
}

/// What all lines in the log about a call have in common.
fn span(rpc: &'static str, type_name: &str) -> tracing::Span {
    let id = uuid::Uuid::new_v4();
    let span = tracing::debug_span!(
        "rpc",
        tf_rpc = rpc,
        tf_resource_type = Empty,
        tf_data_source_type = Empty,
        tf_ephemeral_resource_type = Empty,
        tf_action_type = Empty,
        tf_function = Empty,
        tf_req_id = %id
    );
    if !type_name.is_empty() {
        span.record(kind(rpc), type_name);
    }
    span
}

/// What a call has the name of, as hosts and other providers call it in logs.
fn kind(rpc: &str) -> &'static str {
    match rpc {
        "ReadDataSource" | "ValidateDataResourceConfig" => "tf_data_source_type",
        "CallFunction" => "tf_function",
        rpc if rpc.contains("Action") => "tf_action_type",
        rpc if rpc.contains("Ephemeral") => "tf_ephemeral_resource_type",
        _ => "tf_resource_type",
    }
}
