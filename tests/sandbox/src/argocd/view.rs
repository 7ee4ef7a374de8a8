//! What the managed Argo CD sees of the cluster: a reverse proxy before the API server, for its
//! controllers.
//!
//! Two things that AWS does inside its service have to happen somewhere. A registered cluster is
//! named by its EKS ARN, which no Kubernetes client can dial; and the controllers reach it as the
//! capability's role. Argo CD itself stays as it is and so do the objects: the user's Secret and
//! Applications hold the ARN. The view lies in between and is used by the controllers only. It has
//! two parts.
//!
//! - `hub/` is the cluster where Argo CD's objects live, seen as AWS' service sees it (an
//!   administrator's token is added). Where an object names a cluster by its ARN, the controllers
//!   read a URL instead, and where they write that URL it becomes the ARN again; [`translation`]
//!   has the rules.
//! - `clusters/ARN` is that URL: the API server of that cluster, entered with a token of the
//!   capability's role. What the role may do there is decided by the API server and the cluster's
//!   access entries.
//!
//! The port is on loopback, and the path starts with a random word that only the controllers are
//! told.

mod translation;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt as _;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::codec::{FramedRead, LinesCodec};
use tokio_util::io::StreamReader;

use crate::managed::Identity;
use translation::Translation;

/// A running view. Dropping it closes it.
#[derive(Debug)]
pub struct View {
    base: String,
    state: Arc<Seen>,
    server: JoinHandle<()>,
}

struct Seen {
    secret: String,
    hub: kube::Client,
    /// By ARN, entered without credentials of their own.
    clusters: RwLock<BTreeMap<String, kube::Client>>,
    identity: Identity,
    translation: Translation,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seen").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl View {
    /// Serves the view: `hub` is a client of an administrator, `identity` enters the clusters.
    pub async fn start(hub: kube::Client, identity: Identity) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let secret = uuid::Uuid::new_v4().simple().to_string();
        let base = format!("http://{}/{secret}", listener.local_addr()?);
        let translation = Translation::new(format!("{base}/clusters/"));
        let state =
            Arc::new(Seen { secret, hub, clusters: RwLock::default(), identity, translation });
        let router = Router::new().fallback(serve).with_state(state.clone());
        let server = tokio::spawn(async move {
            if let Err(e) = axum::serve(listener, router).await {
                tracing::error!("the view of the managed controllers ended: {e}");
            }
        });
        Ok(Self { base, state, server })
    }

    /// Makes a cluster reachable by its ARN; `client` must bring no credentials.
    pub fn add_cluster(&self, arn: &str, client: kube::Client) {
        let mut clusters = self.state.clusters.write().unwrap_or_else(PoisonError::into_inner);
        clusters.insert(arn.to_owned(), client);
    }

    /// The address of the hub, for the kubeconfig of the controllers.
    pub fn hub(&self) -> String {
        format!("{}/hub", self.base)
    }

    /// The address of a cluster as the capability's role.
    pub fn cluster(&self, arn: &str) -> String {
        self.state.translation.url(arn)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let outcome = match target(&seen, uri.path()) {
        Some(Target::Hub(path)) => hub(&seen, path.to_owned(), request).await,
        Some(Target::Cluster(arn, path)) => cluster(&seen, arn, path.to_owned(), request).await,
        None => Ok(refuse(StatusCode::NOT_FOUND, "no such cluster")),
    };
    outcome.unwrap_or_else(|e| {
        tracing::warn!(
            "{method} {} through the view: {e:#}",
            uri.path().replace(&seen.secret, "…")
        );
        refuse(StatusCode::BAD_GATEWAY, &format!("{e:#}"))
    })
}

enum Target<'a> {
    Hub(&'a str),
    Cluster(&'a str, &'a str),
}

/// Splits `/SECRET/hub/REST` and `/SECRET/clusters/ARN/REST`; the ARN itself has one slash.
fn target<'a>(seen: &Seen, path: &'a str) -> Option<Target<'a>> {
    let path = path.strip_prefix('/')?.strip_prefix(seen.secret.as_str())?;
    if let Some(rest) = path.strip_prefix("/hub") {
        return Some(Target::Hub(rest));
    }
    let path = path.strip_prefix("/clusters/")?;
    let name = path.find('/')? + 1;
    let end = path[name..].find('/').map_or(path.len(), |length| name + length);
    Some(Target::Cluster(&path[..end], &path[end..]))
}

async fn hub(seen: &Seen, path: String, request: Request) -> anyhow::Result<Response> {
    let (mut parts, body) = request.into_parts();
    let named = names_clusters(&path);
    let watches = parts
        .uri
        .query()
        .is_some_and(|query| query.contains("watch=true") || query.contains("watch=1"));
    parts.uri = relative(&path, parts.uri.query())?;
    drop_hop_headers(&mut parts.headers);
    parts.headers.remove(header::AUTHORIZATION);
    if named {
        // Translating takes JSON, uncompressed.
        parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        parts.headers.remove(header::ACCEPT_ENCODING);
    }
    let sent = seen.translation.restore_text(&body.collect().await?.to_bytes());
    let answer =
        seen.hub.send(http::Request::from_parts(parts, kube::client::Body::from(sent))).await?;

    let (mut parts, body) = answer.into_parts();
    drop_hop_headers(&mut parts.headers);
    if !named || !is_json(&parts.headers) {
        return Ok(Response::from_parts(parts, Body::new(body)));
    }
    let body = if watches && parts.status.is_success() {
        translated_lines(seen.translation.clone(), body)
    } else {
        Body::from(seen.translation.present_text(&body.collect().await?.to_bytes())?)
    };
    Ok(Response::from_parts(parts, body))
}

async fn cluster(
    seen: &Seen,
    arn: &str,
    path: String,
    request: Request,
) -> anyhow::Result<Response> {
    let client = seen.clusters.read().unwrap_or_else(PoisonError::into_inner).get(arn).cloned();
    let Some(client) = client else {
        return Ok(refuse(StatusCode::NOT_FOUND, &format!("no cluster {arn}")));
    };
    let (mut parts, body) = request.into_parts();
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let token = seen.identity.token(name).await?;
    parts.uri = relative(&path, parts.uri.query())?;
    drop_hop_headers(&mut parts.headers);
    parts.headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
    let body = kube::client::Body::from(body.collect().await?.to_bytes().to_vec());
    let request = http::Request::from_parts(parts, body);
    let (mut parts, body) = client.send(request).await?.into_parts();
    drop_hop_headers(&mut parts.headers);
    Ok(Response::from_parts(parts, Body::new(body)))
}

/// Whether objects of this path may name a cluster: Secrets and Argo CD's own kinds.
fn names_clusters(path: &str) -> bool {
    path.starts_with("/apis/argoproj.io/")
        || (path.starts_with("/api/v1/") && path.split('/').any(|segment| segment == "secrets"))
}

fn relative(path: &str, query: Option<&str>) -> anyhow::Result<Uri> {
    let path = if path.is_empty() { "/" } else { path };
    let text = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    text.parse().with_context(|| format!("{text:?} is not a path"))
}

/// Headers that belong to one connection, or that a rewritten body makes wrong.
fn drop_hop_headers(headers: &mut HeaderMap) {
    for name in
        [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING]
    {
        headers.remove(name);
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}

/// A watch is one JSON document a line, for as long as it lasts.
fn translated_lines(translation: Translation, body: kube::client::Body) -> Body {
    let bytes = StreamReader::new(body.into_data_stream().map_err(std::io::Error::other));
    let lines = FramedRead::new(bytes, LinesCodec::new());
    Body::from_stream(lines.map_err(anyhow::Error::from).and_then(move |line| {
        let line = translation.present_text(line.as_bytes()).map(|mut line| {
            line.push(b'\n');
            Bytes::from(line)
        });
        std::future::ready(line)
    }))
}

/// An error as Kubernetes clients expect it.
fn refuse(status: StatusCode, message: &str) -> Response {
    let body: Value = json!({
        "apiVersion": "v1",
        "kind": "Status",
        "status": "Failure",
        "message": message,
        "code": status.as_u16(),
    });
    (status, axum::Json(body)).into_response()
}
