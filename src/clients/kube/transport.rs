//! Connections: TLS, HTTP/2, proxies.
//!
//! kube builds its own client for HTTP/1.1 alone, with one connection per
//! request in flight. This one offers HTTP/2, which every API server speaks, so
//! that all requests to a cluster share a connection; a proxy in between that
//! speaks only HTTP/1.1 still works.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Uri};
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connect, HttpConnector, capture_connection};
use hyper_util::client::legacy::{Client, Error as HyperError};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::Config;
use kube::client::{Body, ConfigExt};
use tokio::sync::OnceCell;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceExt};

use super::link::{Link, Surroundings};
use crate::framework::{Error, Result};

/// A body as it comes from the wire.
type Incoming = <Client<HttpConnector, Body> as Service<Request<Body>>>::Response;
/// Sends requests with absolute URLs.
pub(super) type Transport = BoxCloneSyncService<Request<Body>, Incoming, BoxError>;

/// How long a TCP connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// How often the server is asked for a sign of life, and how long it may take;
/// without it a connection cut by a NAT or load balancer would hang every wait.
const PING: Duration = Duration::from_secs(15);

/// A transport for `link`; nothing is dialled yet.
pub(super) fn transport(link: &Link, surroundings: &Surroundings) -> Result<Transport> {
    // rustls looks for a process-wide provider, and aws-lc-rs is the only one that is wanted.
    // Failure means that one is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let config = &link.config;
    match proxy(link, surroundings) {
        None => over(config, tcp),
        Some(proxy) => match proxy.uri().scheme_str() {
            Some("http") => over(config, tunnel(&proxy, tcp)),
            Some("https") => {
                // The proxy's certificate is the system's business, not the cluster's.
                let tls = tls(&Config::new(proxy.uri().clone()))?;
                let tcp = HttpsConnectorBuilder::new()
                    .with_tls_config(tls)
                    .https_only()
                    .enable_http1()
                    .wrap_connector(tcp);
                over(config, tunnel(&proxy, tcp))
            }
            scheme => Err(Error::invalid(format!(
                "the proxy is a {} URL: expected http://<host> or https://<host>",
                scheme.unwrap_or("relative")
            ))),
        },
    }
}

/// The target's own proxy, or else the surroundings' for this host.
fn proxy(link: &Link, surroundings: &Surroundings) -> Option<Intercept> {
    let all = |proxy: &Uri| Matcher::builder().all(proxy.to_string()).build();
    let matcher = match &link.proxy {
        Some(proxy) => all(proxy),
        None => Matcher::builder()
            .https(surroundings.https_proxy.clone()?)
            .no(surroundings.no_proxy.clone().unwrap_or_default())
            .build(),
    };
    matcher.intercept(&link.config.cluster_url)
}

fn tunnel<C>(proxy: &Intercept, connector: C) -> Tunnel<C> {
    let tunnel = Tunnel::new(proxy.uri().clone(), connector);
    match proxy.basic_auth() {
        Some(login) => tunnel.with_auth(login.clone()),
        None => tunnel,
    }
}

fn tls(config: &Config) -> Result<rustls::ClientConfig> {
    config.rustls_client_config().map_err(|error| {
        Error::invalid(format!("the certificates for the connection cannot be used: {error}"))
            .caused_by(error)
    })
}

fn over<C>(config: &Config, connector: C) -> Result<Transport>
where
    HttpsConnector<C>: Connect + Clone + Send + Sync + 'static,
{
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(tls(config)?).https_only();
    if let Some(name) = &config.tls_server_name {
        let name = name.clone().try_into().map_err(|_| {
            Error::invalid(format!("{name:?} is not a name of a server: expected a DNS name or IP"))
                .at("tls_server_name")
        })?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .http2_keep_alive_interval(PING)
        .http2_keep_alive_timeout(PING)
        .http2_keep_alive_while_idle(true)
        .build(builder.enable_all_versions().wrap_connector(connector));
    let service = OneConnection { client, first: Arc::default() };
    Ok(BoxCloneSyncService::new(service.map_err(Into::into)))
}

/// Lets the first request dial alone.
///
/// Which protocol the server speaks shows only in the TLS handshake. Requests
/// that start together would each dial, and all but one connection would be
/// thrown away: here the others wait until the first one has its connection
/// (not its answer) and then share it.
struct OneConnection<C> {
    client: Client<C, Body>,
    first: Arc<OnceCell<()>>,
}

impl<C: Clone> Clone for OneConnection<C> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), first: self.first.clone() }
    }
}

impl<C> Service<Request<Body>> for OneConnection<C>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    type Response = Incoming;
    type Error = HyperError;
    type Future = Pin<Box<dyn Future<Output = Result<Incoming, HyperError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HyperError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Self { client, first } = self.clone();
        if first.initialized() {
            return Box::pin(client.request(request));
        }
        Box::pin(async move {
            let mut connected = capture_connection(&mut request);
            let mut answer = Box::pin(client.request(request));
            let mut early = None;
            let dial = async || {
                tokio::select! {
                    done = &mut answer => { early = Some(done); }
                    _ = connected.wait_for_connection_metadata() => {}
                }
            };
            // After a failed dial the others dial for themselves: to queue for a
            // host that does not answer would add up the time-outs.
            first.get_or_init(dial).await;
            match early {
                Some(done) => done,
                None => answer.await,
            }
        })
    }
}

#[cfg(test)]
mod tests;
