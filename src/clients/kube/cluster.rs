//! One cluster, connected.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::BoxStream;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Method, Request, StatusCode};
use kube::Client;
use kube::api::WatchEvent;
use kube::client::{Body, ConfigExt};
use kube::core::response::Status;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use tokio::sync::OnceCell;
use tower::ServiceBuilder;

use super::authorize::{Authorization, Authorize};
use super::error::{About, Call, Cause, Failure};
use super::link::{Link, Surroundings};
use super::object::ObjectKind;
use super::target::Target;
use super::token::Principal;
use super::transport::transport;
use crate::framework::{Error, Result};

/// A live client of one cluster: one connection, shared by all requests.
#[derive(Clone)]
pub(super) struct Cluster {
    client: Client,
    pub(super) about: About,
    authorization: Authorization,
    /// Found out when a request is refused.
    principal: Arc<OnceCell<Option<Arc<Principal>>>>,
    user_agent: Arc<str>,
}

/// The API server ends a request after 60 s; one without an answer by then is lost.
const ANSWER: Duration = Duration::from_secs(75);

/// How long to find out who was refused. The refusal is told without it, too.
const IDENTIFIED: Duration = Duration::from_secs(10);

/// Content types of bodies.
pub(super) mod media {
    pub(in super::super) const JSON: &str = "application/json";
    /// Server-side apply. JSON is YAML.
    pub(in super::super) const APPLY: &str = "application/apply-patch+yaml";
    pub(in super::super) const MERGE: &str = "application/merge-patch+json";
}

/// A request for an object, or for all objects of a kind.
#[derive(Clone, Debug)]
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// Path and query.
    pub(super) path: String,
    /// Body, with its content type.
    pub(super) body: Option<(&'static str, Vec<u8>)>,
    pub(super) kind: &'a ObjectKind,
    pub(super) name: Option<&'a str>,
}

impl Ask<'_> {
    pub(super) fn with(self, media: &'static str, body: Vec<u8>) -> Self {
        Self { body: Some((media, body)), ..self }
    }
}

/// An answer that is no error.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub(super) status: StatusCode,
    pub(super) body: T,
}

impl Cluster {
    pub(super) fn new(target: &Target, link: &Link, surroundings: &Surroundings) -> Result<Self> {
        let config = &link.config;
        let wrong = |error| {
            Error::invalid(format!("the user to impersonate is no text for a header: {error}"))
        };
        let service = ServiceBuilder::new()
            .layer(config.base_uri_layer())
            .layer(config.extra_headers_layer().map_err(wrong)?)
            .service(Authorize::new(transport(link, surroundings)?, link.authorization.clone()));
        let url = config.cluster_url.to_string();
        let about = About {
            target: target.to_string().into(),
            url: url.trim_end_matches('/').into(),
            principal: None,
            eks: matches!(target, Target::Eks(_)),
        };
        let client = Client::new(service, config.default_namespace.clone());
        Ok(Self {
            client,
            about,
            authorization: link.authorization.clone(),
            principal: Arc::default(),
            user_agent: surroundings.user_agent.as_str().into(),
        })
    }

    /// What an error about a refusal needs to say.
    async fn about_refusal(&self, code: u16) -> About {
        if !matches!(code, 401 | 403) {
            return self.about.clone();
        }
        let identify = || async {
            let identified = tokio::time::timeout(IDENTIFIED, self.authorization.identify()).await;
            identified.unwrap_or_default().map(Arc::new)
        };
        let principal = self.principal.get_or_init(identify).await.clone();
        About { principal, ..self.about.clone() }
    }

    /// Sends a request and reads the answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        ask: Ask<'_>,
    ) -> Result<Answer<T>, Failure> {
        let (kind, name) = (ask.kind, ask.name);
        let started = Instant::now();
        let (method, path) = (ask.method.clone(), ask.path.clone());
        let exchange = async {
            let answer = self.client.send(self.request(ask)?).await.map_err(|e| self.lost(e))?;
            let (head, body) = answer.into_parts();
            let body = body.collect_bytes().await.map_err(|e| self.lost(e))?;
            Ok((head, body))
        };
        let exchanged = tokio::time::timeout(ANSWER, exchange).await;
        let (head, body) =
            exchanged.unwrap_or_else(|_| Err(Failure::no_answer(ANSWER.as_secs(), &self.about)))?;
        let status = head.status;
        tracing::debug!(
            cluster = %self.about.url,
            %method,
            path,
            status = status.as_u16(),
            bytes = body.len(),
            elapsed_ms = started.elapsed().as_millis(),
            "asked the API server"
        );
        if !status.is_success() {
            let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
            let answered = read_status(status, &body);
            let audit_id = header("audit-id");
            let call = Call { kind, name, about: &self.about_refusal(status.as_u16()).await };
            let mut failure = Failure::from_status(status.as_u16(), &answered, audit_id, call);
            // An overloaded API server says it here and sends plain text.
            if let Some(seconds) = header("retry-after").and_then(|value| value.parse().ok()) {
                failure.retry_after.get_or_insert(Duration::from_secs(seconds));
            }
            return Err(failure);
        }
        let body = serde_json::from_slice(&body).map_err(|error| self.garbled(&error))?;
        Ok(Answer { status, body })
    }

    /// Starts a watch; the stream ends when the server ends it.
    pub(super) async fn watch(
        &self,
        ask: Ask<'_>,
    ) -> Result<BoxStream<'static, Result<WatchEvent<Json>, Failure>>, Failure> {
        let (kind, name) = (ask.kind, ask.name);
        tracing::debug!(cluster = %self.about.url, path = ask.path, "watching");
        let request = self.request(ask)?.map(|_| Vec::new());
        let started = tokio::time::timeout(ANSWER, self.client.request_events::<Json>(request));
        let started = started.await;
        let stream = match started {
            Ok(Ok(stream)) => stream,
            Ok(Err(kube::Error::Api(status))) => {
                let call = Call { kind, name, about: &self.about_refusal(status.code).await };
                return Err(Failure::from_status(status.code, &status, None, call));
            }
            Ok(Err(error)) => return Err(self.lost(error)),
            Err(_) => return Err(Failure::no_answer(ANSWER.as_secs(), &self.about)),
        };
        let about = self.about.clone();
        Ok(stream.map(move |event| event.map_err(|e| Failure::from_kube(e, &about))).boxed())
    }

    fn request(&self, ask: Ask<'_>) -> Result<Request<Body>, Failure> {
        let mut request = Request::builder()
            .method(ask.method)
            .uri(ask.path)
            .header(ACCEPT, HeaderValue::from_static(media::JSON))
            .header(USER_AGENT, self.user_agent.as_ref());
        let body = match ask.body {
            Some((media, body)) => {
                request = request.header(CONTENT_TYPE, media);
                Body::from(body)
            }
            None => Body::empty(),
        };
        request.body(body).map_err(|error| {
            let error = Error::bug(format!("a request to the API server is malformed: {error}"));
            Failure::new(Cause::Other, error)
        })
    }

    fn lost(&self, error: kube::Error) -> Failure {
        Failure::from_kube(error, &self.about)
    }

    fn garbled(&self, error: &serde_json::Error) -> Failure {
        let url = &self.about.url;
        let error = Error::failed(format!(
            "{url} answered something that is not the expected JSON (line {}, column {})",
            error.line(),
            error.column()
        ));
        let error =
            error.advise("Check that the host is an API server and not a page in front of it.");
        Failure::new(Cause::Other, error)
    }
}

/// The status in the body, or one made of whatever a proxy in between wrote.
fn read_status(code: StatusCode, body: &[u8]) -> Status {
    serde_json::from_slice(body).unwrap_or_else(|_| {
        let text = String::from_utf8_lossy(body);
        let text: String = text.trim().chars().take(200).collect();
        Status::failure(&text, "").with_code(code.as_u16())
    })
}
