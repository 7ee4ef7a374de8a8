//! Plain HTTP on loopback, by servers that can lose an answer on purpose.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Marks, among a response's extensions, one that the client is not to get: the connection is
/// closed instead.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the response is lost on purpose")]
pub(crate) struct LostResponse;

/// Serves connections until told to stop; open ones are cut off then.
pub(crate) async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                // Else small answers wait for the client's delayed acknowledgement.
                let _ = stream.set_nodelay(true);
                tokio::spawn(connection(stream, router.clone(), stop.clone()));
            }
            Err(error) => {
                // Out of file descriptors, most likely: give others time to close theirs.
                tracing::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, stop: CancellationToken) {
    let service = service_fn(move |request: http::Request<Incoming>| {
        let router = router.clone();
        async move {
            let answer = router.oneshot(request.map(Body::new)).await;
            let response = answer.unwrap_or_else(|never: Infallible| match never {});
            match response.extensions().get::<LostResponse>() {
                // An error of the service makes hyper close the connection with nothing sent.
                Some(lost) => Err(*lost),
                None => Ok(response),
            }
        }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Some(Err(error)) = stop.run_until_cancelled(connection).await {
        tracing::debug!("connection ended: {error}");
    }
}
