//! A bare client of the EKS API, for what the sandbox and its tests do there themselves.

use anyhow::{Context as _, bail};
use axum::body::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::Full;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::Url;

use crate::http_client::{HttpClient, HttpResponse};
use crate::process::START_TIMEOUT;

/// A name or ARN as one part of a path.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Sends JSON and reads JSON. It names an access key but does not sign, which the emulator cannot
/// ask for.
#[derive(Clone, Debug)]
pub struct EksApi {
    url: Url,
    region: String,
    client: HttpClient,
}

/// An answer that is not a success.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct EksError {
    /// Of the response.
    pub status: StatusCode,
    /// As `ResourceNotFoundException`.
    pub code: String,
    /// For people.
    pub message: String,
}

impl EksApi {
    /// Of the endpoint in a region.
    pub fn new(url: Url, region: &str) -> Self {
        Self { url, region: region.to_owned(), client: HttpClient::new(START_TIMEOUT) }
    }

    /// One call; `path` is below the endpoint, without a leading slash, its parts as [`segment`]
    /// gives them.
    ///
    /// A refusal is an [`EksError`] inside the error.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let target = self.url.join(path)?;
        let scope = format!("sandbox/20260101/{}/eks/aws4_request", self.region);
        let sent =
            body.map_or_else(Full::default, |body| Full::from(Bytes::from(body.to_string())));
        let request = Request::builder()
            .method(&method)
            .uri(target.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::AUTHORIZATION,
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
            )
            .body(sent)?;
        let answer = self.client.send(request).await;
        let HttpResponse { status, headers, body: bytes } =
            answer.with_context(|| format!("cannot call {method} {target}"))?;
        if status.is_success() {
            return Ok(serde_json::from_slice(&bytes)?);
        }
        let code = headers.get("x-amzn-errortype").and_then(|code| code.to_str().ok());
        let code = code.map(str::to_owned);
        let message = serde_json::from_slice::<Value>(&bytes).map_or_else(
            |_| String::from_utf8_lossy(&bytes).into_owned(),
            |body| body["message"].as_str().unwrap_or_default().to_owned(),
        );
        bail!(EksError { status, code: code.unwrap_or_default(), message })
    }
}
