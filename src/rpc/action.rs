//! The calls about actions.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::diagnostics::{checked, diagnostics, located};
use super::proto::invoke_action::event::{Completed, Progress, Type};
use super::{proto, wire};
use crate::framework::action::Performer;
use crate::framework::{Diagnostics, Error, Registry, Result, SendProgress, Session};

fn find<'a, P: Send + Sync + 'static>(
    registry: &'a Registry<P>,
    type_name: &str,
) -> Result<&'a Arc<Performer<P>>> {
    registry
        .get_action(type_name)
        .ok_or_else(|| Error::bug(format!("the provider has no action {type_name:?}")))
}

pub(super) fn validate<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    request: &proto::validate_action_config::Request,
) -> Result<Diagnostics> {
    checked(find(registry, &request.type_name)?, request.config.as_ref())
}

pub(super) fn plan<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    session: &Session<P>,
    request: &proto::plan_action::Request,
) -> Result<Diagnostics> {
    let performer = find(registry, &request.action_type)?;
    let config = wire::read(performer.schema(), request.config.as_ref())?;
    Ok(located(&performer.schema().attributes, performer.plan(session, &config)))
}

/// Starts an action: a stream of what it tells, and at its end how it ended.
pub(super) fn invoke<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    session: Session<P>,
    request: &proto::invoke_action::Request,
) -> Result<ReceiverStream<Result<proto::invoke_action::Event, Status>>> {
    let performer = find(registry, &request.action_type)?.clone();
    let config = wire::read(performer.schema(), request.config.as_ref())?;
    let (progress, mut messages) = SendProgress::new();
    let (events, stream) = mpsc::channel(1);
    tokio::spawn(async move {
        // What was begun goes on to its end, or to the cancel of the run, though nobody listens.
        let tell = async {
            while let Some(message) = messages.recv().await {
                let said = event(Type::Progress(Progress { message }));
                let _nobody_listens = events.send(Ok(said)).await;
            }
        };
        let (said, ()) = tokio::join!(performer.invoke(&session, config, progress), tell);
        let said = diagnostics(located(&performer.schema().attributes, said));
        let _nobody_listens = events.send(Ok(completed(said))).await;
    });
    Ok(ReceiverStream::new(stream))
}

/// The last event of an action.
pub(super) fn completed(diagnostics: Vec<proto::Diagnostic>) -> proto::invoke_action::Event {
    event(Type::Completed(Completed { diagnostics }))
}

fn event(event: Type) -> proto::invoke_action::Event {
    proto::invoke_action::Event { r#type: Some(event) }
}
