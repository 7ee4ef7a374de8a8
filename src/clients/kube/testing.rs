//! A server for tests: TLS and HTTP/2 like an API server, with answers made up
//! by the test. It counts connections and remembers what was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use http::{HeaderMap, Method, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::link::{ClusterResolver, Resolved};
use super::{Direct, Login, Target};
use crate::framework::{Error, Result};

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A running server; it ends with the test's runtime.
pub(super) struct Server {
    pub(super) port: u16,
    pub(super) ca_pem: String,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

pub(super) const H2: &[&[u8]] = &[b"h2", b"http/1.1"];
pub(super) const H1: &[&[u8]] = &[b"http/1.1"];

impl Server {
    /// Starts a server that speaks both versions of HTTP.
    pub(super) async fn start<F>(answer: impl Fn(Seen) -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        Self::speaking(H2, answer).await
    }

    pub(super) async fn speaking<F>(
        protocols: &[&[u8]],
        answer: impl Fn(Seen) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let names = ["127.0.0.1".into(), "cluster.test".into()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        tls.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let tls = TlsAcceptor::from(Arc::new(tls));

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let server = Self {
            port,
            ca_pem: made.cert.pem(),
            connections: connections.clone(),
            seen: seen.clone(),
        };
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (tls, answer, seen) = (tls.clone(), answer.clone(), seen.clone());
                tokio::spawn(async move {
                    // A client that turns away during the handshake is part of some tests.
                    let Ok(tls) = tls.accept(tcp).await else { return };
                    let service = Router::new().fallback(async move |request: Request| {
                        let request = remember(request).await;
                        seen.lock().unwrap().push(request.clone());
                        answer(request).await
                    });
                    let service = TowerToHyperService::new(service);
                    let _ = auto::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(tls), service)
                        .await;
                });
            }
        });
        server
    }

    /// How many connections were made so far.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// What was asked so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// This server as a target.
    pub(super) fn direct(&self) -> Direct {
        Direct {
            host: Url::parse(&format!("https://127.0.0.1:{}", self.port)).unwrap(),
            login: Login::Token("t0ken".into()),
            cluster_ca_certificate: Some(self.ca_pem.clone()),
            insecure: false,
            tls_server_name: None,
            proxy_url: None,
        }
    }

    pub(super) fn target(&self) -> Target {
        Target::Direct(Box::new(self.direct()))
    }
}

async fn remember(request: Request) -> Seen {
    let (parts, body) = request.into_parts();
    Seen {
        method: parts.method,
        path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: parts.headers,
        body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
    }
}

pub(super) fn reply(status: u16, body: &Json) -> Response<Body> {
    Response::builder().status(status).body(Body::from(body.to_string())).unwrap()
}

/// An error as API servers word it.
pub(super) fn refuse(code: u16, reason: &str, message: &str, details: &Json) -> Response<Body> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "details": details, "code": code,
    });
    reply(code, &status)
}

/// A resolver for tests without EKS.
pub(super) struct NoEks;

#[async_trait]
impl ClusterResolver for NoEks {
    async fn resolve(&self, _: &str, _: Option<&str>, _: Option<&str>) -> Result<Resolved> {
        Err(Error::bug("this test has no EKS"))
    }
}
