//! The few outgoing requests: to the IAM and STS backend, and in tests to the emulator itself.

use std::time::Duration;

use anyhow::Context;
use axum::body::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

/// As long as aws-iam-authenticator waits for STS.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(crate) struct HttpClient {
    client: Client<HttpConnector, Full<Bytes>>,
}

#[derive(Debug)]
pub(crate) struct HttpResponse {
    pub(crate) status: StatusCode,
    // Read by tests only: what the service's answers carry besides the body.
    #[cfg_attr(not(test), expect(dead_code))]
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl HttpClient {
    pub(crate) fn new() -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { client }
    }

    /// Sends one request and reads the whole answer; redirects are not followed.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<HttpResponse> {
        let target = request.uri().to_string();
        let exchange = async {
            let (parts, body) = self.client.request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            anyhow::Ok(HttpResponse { status: parts.status, headers: parts.headers, body })
        };
        let answer = tokio::time::timeout(TIMEOUT, exchange).await;
        let answer = answer.with_context(|| format!("no answer from {target} in {TIMEOUT:?}"))?;
        answer.with_context(|| format!("request to {target}"))
    }
}
