//! The calls about lists.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::diagnostics::{checked, diagnostics, located};
use super::{proto, wire};
use crate::framework::list::{Find, Finds, Listing};
use crate::framework::{Diagnostics, Error, Managed, Registry, Result, Session};

fn find<'a, P: Send + Sync + 'static>(
    registry: &'a Registry<P>,
    type_name: &str,
) -> Result<&'a Arc<Listing<P>>> {
    registry
        .get_list(type_name)
        .ok_or_else(|| Error::bug(format!("the provider cannot list {type_name:?}")))
}

pub(super) fn validate<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    request: &proto::validate_list_resource_config::Request,
) -> Result<Diagnostics> {
    checked(find(registry, &request.type_name)?, request.config.as_ref())
}

/// Starts a list. What it finds is sent as it is found, and what there is to tell at the end.
pub(super) fn list<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    session: Session<P>,
    request: &proto::list_resource::Request,
) -> Result<ReceiverStream<Event>> {
    let listing = find(registry, &request.type_name)?.clone();
    let managed = registry
        .get(&request.type_name)
        .ok_or_else(|| Error::bug(format!("{} is no type of resource", request.type_name)))?
        .clone();
    let config = wire::read(listing.schema(), request.config.as_ref())?;
    // Zero and less are no limit.
    let limit = usize::try_from(request.limit).ok().filter(|limit| *limit > 0);
    let (finds, mut found) = Finds::new(limit, request.include_resource_object);
    let (events, stream) = mpsc::channel(1);
    let objects = request.include_resource_object;
    tokio::spawn(async move {
        let tell = async {
            while let Some(find) = found.recv().await {
                let event = event(&managed, &session, find, objects).await;
                if events.send(Ok(event)).await.is_err() {
                    // Nobody listens any more, which the list sees by the end of its receiver.
                    break;
                }
            }
            drop(found);
        };
        let (said, ()) = tokio::join!(listing.run(&session, config, finds), tell);
        let diagnostic = diagnostics(located(&listing.schema().attributes, said));
        if !diagnostic.is_empty() {
            let last = proto::list_resource::Event { diagnostic, ..Default::default() };
            let _nobody_listens = events.send(Ok(last)).await;
        }
    });
    Ok(ReceiverStream::new(stream))
}

type Event = Result<proto::list_resource::Event, tonic::Status>;

async fn event<P: Send + Sync + 'static>(
    managed: &Managed<P>,
    session: &Session<P>,
    find: Find,
    objects: bool,
) -> proto::list_resource::Event {
    let display_name = find.display_name.clone();
    let written = async {
        let (identity, state, said) = managed.found(session, find, objects).await;
        let identity = wire::write_identity(&managed.identity(), &identity)?;
        let resource_object = match &state {
            Some(state) => wire::write(managed.schema(), state)?,
            None => None,
        };
        let diagnostic = diagnostics(said);
        Ok(proto::list_resource::Event {
            identity,
            resource_object,
            diagnostic,
            ..Default::default()
        })
    };
    let written: Result<_> = written.await;
    let event = written.unwrap_or_else(|error| proto::list_resource::Event {
        diagnostic: diagnostics(Diagnostics::from(&error)),
        ..Default::default()
    });
    proto::list_resource::Event { display_name, ..event }
}
