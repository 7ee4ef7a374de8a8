//! Serving, from the first connection to the end.

use std::pin::pin;
use std::sync::Arc;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tracing::{debug, info};

use super::incoming::{self, Count};
use super::lifetime::Lifetime;
use super::listener::Listener;
use super::{GrpcService, services, tls};
use crate::framework::error::{Error, Result};

/// Calls on one connection at a time. Core sends as many as the user's `-parallelism`, and providers
/// in Go have no limit; hyper's own is 200.
const MAX_CALLS: u32 = 10_000;

/// Serves `service`, and go-plugin's own services, until there is a reason to end.
pub(super) async fn serve<S: GrpcService>(
    listener: Listener,
    tls: Option<tls::Acceptor>,
    lifetime: Lifetime,
    service: impl FnOnce(CancellationToken) -> S,
) -> Result<()> {
    let (socket, files) = listener.into_parts();
    // Nobody waits for it, and an end does not.
    tokio::task::spawn_blocking(files.tidy());
    let count = Arc::new(Count::default());
    let connections = incoming::connections(socket, tls, Arc::clone(&count));

    // Cancelled by whatever comes first, and watched by everything that would go on otherwise.
    let ending = CancellationToken::new();
    let routes = services::add_to(Routes::new(service(ending.child_token())), ending.clone()).await;
    let mut serving =
        pin!(Server::builder().max_concurrent_streams(MAX_CALLS).serve_with_incoming_shutdown(
            routes,
            connections,
            ending.cancelled()
        ));
    debug!("serving");

    let served = tokio::select! {
        served = &mut serving => served,
        end = lifetime.end(&ending, &count) => {
            info!(reason = %end, "ending");
            ending.cancel();
            // Whatever takes longer ends with the process.
            timeout(end.grace(), serving).await.unwrap_or(Ok(()))
        }
    };
    served.map_err(|error| Error::failed(error.to_string()).context("serving"))
}

#[cfg(test)]
mod tests;
