//! Credentials: looked for once, kept until they are about to expire, shared by
//! everybody.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

pub(super) mod assume;
pub(super) mod sources;

use super::error::Failure;
use super::time::AwsTime;

/// How long credentials without an expiry are kept before their source is asked
/// again, as in the SDK.
const UNDATED: Duration = Duration::from_mins(15);
/// How long before their expiry credentials are renewed, at most.
const MARGIN: Duration = Duration::from_mins(5);
/// When a renewal that failed is tried again, while the old credentials last.
const AGAIN: Duration = Duration::from_secs(30);

/// Somewhere credentials come from.
#[async_trait]
pub(super) trait Source: Send + Sync {
    /// Asks for credentials, and says where they came from.
    async fn load(&self) -> Result<(Credentials, Arc<str>), Failure>;

    /// Where credentials come from, as far as it is known before they are there.
    fn describe(&self) -> Arc<str>;
}

/// Credentials of one source. Clones share them.
///
/// However many calls need them at once, the source is asked once: the first
/// asks, the others wait, and a failure is the answer to all who waited.
#[derive(Clone)]
pub(super) struct Held(Arc<Inner>);

struct Inner {
    source: Box<dyn Source>,
    time: AwsTime,
    state: tokio::sync::Mutex<State>,
    /// How often the source has failed; tells who waited for a failure.
    failures: AtomicU64,
    /// Where the current credentials came from.
    origin: Mutex<Option<Arc<str>>>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    failed: Option<Failure>,
}

struct Kept {
    credentials: Credentials,
    renew_at: SystemTime,
}

impl Held {
    pub(super) fn new(source: impl Source + 'static, time: AwsTime) -> Self {
        Self(Arc::new(Inner {
            source: Box::new(source),
            time,
            state: tokio::sync::Mutex::default(),
            failures: AtomicU64::new(0),
            origin: Mutex::default(),
        }))
    }

    /// Where the credentials come from, as in `profile "dev" of ~/.aws/config`.
    pub(super) fn describe(&self) -> Arc<str> {
        let origin = self.0.origin.lock().unwrap_or_else(PoisonError::into_inner).clone();
        origin.unwrap_or_else(|| self.0.source.describe())
    }

    /// The credentials, from the source when there are none or they are about to expire.
    pub(super) async fn get(&self) -> Result<Credentials, Failure> {
        let inner = &*self.0;
        let seen = inner.failures.load(Ordering::Acquire);
        let mut state = inner.state.lock().await;
        let now = inner.time.now();
        if let Some(kept) = &state.kept
            && now < kept.renew_at
        {
            return Ok(kept.credentials.clone());
        }
        if let Some(failure) = &state.failed
            && inner.failures.load(Ordering::Acquire) != seen
        {
            return Err(failure.clone());
        }
        match inner.source.load().await {
            Ok((credentials, origin)) => {
                tracing::debug!(%origin, expiry = ?credentials.expiry(), "credentials loaded");
                *inner.origin.lock().unwrap_or_else(PoisonError::into_inner) = Some(origin);
                let renew_at = renewal(credentials.expiry(), now);
                state.kept = Some(Kept { credentials: credentials.clone(), renew_at });
                state.failed = None;
                Ok(credentials)
            }
            Err(failure) => {
                if let Some(kept) = &mut state.kept
                    && kept.credentials.expiry().is_some_and(|expiry| now < expiry)
                {
                    tracing::warn!(error = %failure, "credentials could not be renewed yet");
                    kept.renew_at = now + AGAIN;
                    return Ok(kept.credentials.clone());
                }
                state.failed = Some(failure.clone());
                inner.failures.fetch_add(1, Ordering::Release);
                Err(failure)
            }
        }
    }
}

/// When to ask for new credentials: with a margin that also suits short sessions.
fn renewal(expiry: Option<SystemTime>, now: SystemTime) -> SystemTime {
    match expiry {
        None => now + UNDATED,
        Some(expiry) => {
            let left = expiry.duration_since(now).unwrap_or_default();
            expiry - MARGIN.min(left / 4)
        }
    }
}

impl ProvideCredentials for Held {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.get().await.map_err(CredentialsError::provider_error)
        })
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.describe()).finish()
    }
}

#[cfg(test)]
mod tests;
