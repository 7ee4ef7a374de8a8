//! Requests over plain HTTP, which is all there is on loopback: to IAM and STS, and to the EKS API.

use std::time::Duration;

use anyhow::Context;
use axum::body::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// Sends requests. Clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    client: Client<HttpConnector, Full<Bytes>>,
    patience: Duration,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl HttpClient {
    /// A client whose requests have to be answered within `patience`.
    pub(crate) fn new(patience: Duration) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client, patience }
    }

    /// Sends one request and reads the whole answer; redirects are not followed.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<HttpResponse> {
        let target = request.uri().to_string();
        let exchange = async {
            let (parts, body) = self.client.request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            anyhow::Ok(HttpResponse { status: parts.status, headers: parts.headers, body })
        };
        let Self { patience, .. } = self;
        let answer = tokio::time::timeout(*patience, exchange).await;
        let answer = answer.with_context(|| format!("no answer from {target} in {patience:?}"))?;
        answer.with_context(|| format!("request to {target}"))
    }
}
