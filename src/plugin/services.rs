//! The services that go-plugin calls on its own behalf, beside the provider's.

use std::sync::Arc;

use futures::{StreamExt as _, future, stream};
use tokio_util::sync::CancellationToken;
use tonic::codegen::BoxStream;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming, async_trait};
use tonic_health::server::health_reporter;
use tracing::debug;

use super::proto::grpc_broker_server::{GrpcBroker, GrpcBrokerServer};
use super::proto::grpc_controller_server::{GrpcController, GrpcControllerServer};
use super::proto::grpc_stdio_server::{GrpcStdio, GrpcStdioServer};
use super::proto::{ConnInfo, Empty, StdioData};

/// The name under which go-plugin asks for the health of the plugin as a whole.
const HEALTH_NAME: &str = "plugin";

/// Adds the services to `routes`. A host that asks us to end cancels `ending`; whoever cancels it,
/// the streams that hosts keep open end then.
pub(super) async fn add_to(routes: Routes, ending: CancellationToken) -> Routes {
    let (health, health_server) = health_reporter();
    health.set_service_status(HEALTH_NAME, tonic_health::ServingStatus::Serving).await;
    let services = Arc::new(Services { ending });
    routes
        .add_service(health_server)
        .add_service(GrpcControllerServer::from_arc(Arc::clone(&services)))
        .add_service(GrpcBrokerServer::from_arc(Arc::clone(&services)))
        .add_service(GrpcStdioServer::from_arc(services))
        .prepare()
}

#[derive(Debug)]
struct Services {
    ending: CancellationToken,
}

#[async_trait]
impl GrpcController for Services {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        debug!("the host asks to shut down");
        self.ending.cancel();
        Ok(Response::new(Empty {}))
    }
}

#[async_trait]
impl GrpcBroker for Services {
    /// We open no further connections and take no offers of any, so nothing is ever said here. The
    /// stream stays open until either side ends: a host might take its end for ours.
    async fn start_stream(
        &self,
        offers: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<BoxStream<ConnInfo>>, Status> {
        let silence = offers.into_inner().filter_map(|_| future::ready(None));
        let ending = self.ending.clone().cancelled_owned();
        Ok(Response::new(Box::pin(silence.take_until(ending))))
    }
}

#[async_trait]
impl GrpcStdio for Services {
    /// Nothing is written to standard output after the handshake, and hosts read standard error as
    /// it is: again a stream on which nothing is said.
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<BoxStream<StdioData>>, Status> {
        let ending = self.ending.clone().cancelled_owned();
        Ok(Response::new(Box::pin(stream::pending().take_until(ending))))
    }
}
