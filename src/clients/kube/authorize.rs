//! The layer that logs in.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, StatusCode};
use kube::client::Body;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tower::{BoxError, Service, ServiceExt};

use super::token::{Principal, TokenProvider};
use crate::framework::{Error, Result};

/// What goes into the header `Authorization`.
#[derive(Clone)]
pub(super) enum Authorization {
    /// Nothing: the client's certificate says it all.
    None,
    /// A name and password, already encoded.
    Basic(HeaderValue),
    /// A bearer token, asked for at each request.
    Bearer(Arc<Bearer>),
}

/// A token provider and the lock that renews it once, however many requests are refused.
pub(super) struct Bearer {
    provider: Arc<dyn TokenProvider>,
    renewal: Mutex<()>,
}

impl Authorization {
    pub(super) fn basic(username: &str, password: &str) -> Result<Self> {
        let pair = BASE64_STANDARD.encode(format!("{username}:{password}"));
        header(&format!("Basic {pair}")).map(Self::Basic)
    }

    pub(super) fn bearer(provider: Arc<dyn TokenProvider>) -> Self {
        Self::Bearer(Arc::new(Bearer { provider, renewal: Mutex::new(()) }))
    }

    /// Whom the requests stand for, where it can be found out.
    pub(super) async fn identify(&self) -> Option<Principal> {
        match self {
            Self::Bearer(bearer) => Some(bearer.provider.identify().await),
            Self::Basic(_) | Self::None => None,
        }
    }
}

impl Bearer {
    /// A token other than the refused one, or `None` when there is no other.
    ///
    /// Of many requests refused at once the first makes a new token; the others
    /// find that the current one is not the one they sent.
    async fn renewed(&self, refused: &SecretString) -> Result<Option<SecretString>> {
        let _renewal = self.renewal.lock().await;
        let differs = |token: &SecretString| token.expose_secret() != refused.expose_secret();
        let current = self.provider.token().await?;
        if differs(&current) {
            return Ok(Some(current));
        }
        self.provider.invalidate();
        let current = self.provider.token().await?;
        Ok(Some(current).filter(differs))
    }
}

/// Service that adds `Authorization`, and on 401 tries once more with a new token.
#[derive(Clone, Debug)]
pub(super) struct Authorize<S> {
    inner: S,
    authorization: Authorization,
}

impl<S> Authorize<S> {
    pub(super) fn new(inner: S, authorization: Authorization) -> Self {
        Self { inner, authorization }
    }
}

impl<S, B> Service<Request<Body>> for Authorize<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Send,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The service that was polled ready is the one to call; the clone waits its turn.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let authorization = self.authorization.clone();
        Box::pin(async move {
            let bearer = match authorization {
                Authorization::None => return inner.call(request).await.map_err(Into::into),
                Authorization::Basic(value) => {
                    request.headers_mut().insert(AUTHORIZATION, value);
                    return inner.call(request).await.map_err(Into::into);
                }
                Authorization::Bearer(bearer) => bearer,
            };
            let token = bearer.provider.token().await?;
            let again = copy(&request);
            request.headers_mut().insert(AUTHORIZATION, bearer_header(&token)?);
            let response = inner.call(request).await.map_err(Into::into)?;
            let Some(mut again) = again.filter(|_| response.status() == StatusCode::UNAUTHORIZED)
            else {
                return Ok(response);
            };
            let Some(token) = bearer.renewed(&token).await? else { return Ok(response) };
            tracing::debug!("the token was refused; trying once more with a new one");
            again.headers_mut().insert(AUTHORIZATION, bearer_header(&token)?);
            inner.ready().await.map_err(Into::into)?.call(again).await.map_err(Into::into)
        })
    }
}

/// The same request again, unless its body can be sent only once.
fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

fn bearer_header(token: &SecretString) -> Result<HeaderValue> {
    header(&format!("Bearer {}", token.expose_secret()))
}

/// A header that no log shows.
fn header(value: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::unauthenticated("the credentials hold a character that a header cannot carry")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic(_) => "Basic",
            Self::Bearer(_) => "Bearer",
        })
    }
}

#[cfg(test)]
mod tests;
