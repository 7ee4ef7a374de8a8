//! AWS: clients, credentials, errors, tokens for clusters.
//!
//! Everything here starts from [`Settings`] and works for all services alike.
//! [`Clients::new`] does nothing but check them; what a call needs is made, and
//! asked for, when the first call needs it, once.
//!
//! # Environment
//!
//! The provider reads the environment in one place and hands the values in by
//! the settings. What is not handed in, the SDK reads by itself, with the
//! settings going first:
//!
//! | for | variables |
//! |---|---|
//! | Region | `AWS_REGION`, `AWS_DEFAULT_REGION` |
//! | keys | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` |
//! | shared configuration | `AWS_PROFILE`, `AWS_CONFIG_FILE`, `AWS_SHARED_CREDENTIALS_FILE`, `HOME` |
//! | web identity | `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN`, `AWS_ROLE_SESSION_NAME` |
//! | containers and pods | `AWS_CONTAINER_CREDENTIALS_{RELATIVE,FULL}_URI`, `AWS_CONTAINER_AUTHORIZATION_TOKEN{,_FILE}` |
//! | instances | `AWS_EC2_METADATA_DISABLED`, `AWS_EC2_METADATA_SERVICE_ENDPOINT{,_MODE}` |
//! | endpoints | `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_{EKS,IAM,STS,ECR}`, `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT` |
//! | trust | `SSL_CERT_FILE`, `SSL_CERT_DIR` |
//! | other | `AWS_SDK_UA_APP_ID`, `AWS_EXECUTION_ENV` |
//!
//! Proxies, `AWS_CA_BUNDLE`, `AWS_MAX_ATTEMPTS` and `AWS_RETRY_MODE` are not
//! read here.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::{Region, SdkConfig};
use tokio::sync::OnceCell;

mod account;
mod base;
pub mod cluster;
mod credentials;
pub mod error;
mod http;
pub mod partition;
pub mod propagation;
mod region;
mod services;
mod settings;
pub mod tags;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod time;
pub mod token;
mod trace;

pub use account::Caller;
pub use error::OperationResult;
pub use settings::{
    AssumeRole, Endpoints, IgnoreTags, MetadataMode, RetryMode, Settings, Tags, WebIdentity,
    WebIdentityToken,
};

use crate::framework::{Clock, Error, Result, checks};
use base::Base;
use credentials::Held;

/// The AWS clients of one provider configuration. Clones share everything.
#[derive(Clone)]
pub struct Clients(Arc<Inner>);

struct Inner {
    settings: Arc<Settings>,
    clock: Clock,
    base: OnceCell<Base>,
    sessions: Mutex<HashMap<SessionKey, Arc<Session>>>,
    /// Credentials by role; a role's session serves all regions.
    roles: Mutex<HashMap<String, Held>>,
    caller: OnceCell<Caller>,
    clusters: cluster::Known,
}

/// A region, and the role of a resource if it has one.
type SessionKey = (Region, Option<String>);

/// A region and credentials, and the clients that were made for them.
struct Session {
    region: Region,
    credentials: Held,
    made: services::Made,
}

impl Clients {
    /// Clients by those settings. Reads no file and calls nobody.
    ///
    /// # Errors
    /// At the setting that breaks a rule.
    pub fn new(settings: Settings) -> Result<Self> {
        Self::with_clock(settings, Clock::system())
    }

    /// The same, with the time of `clock`.
    ///
    /// # Errors
    /// At the setting that breaks a rule.
    pub fn with_clock(settings: Settings, clock: Clock) -> Result<Self> {
        settings.validate()?;
        Ok(Self(Arc::new(Inner {
            settings: Arc::new(settings),
            clock,
            base: OnceCell::new(),
            sessions: Mutex::default(),
            roles: Mutex::default(),
            caller: OnceCell::new(),
            clusters: cluster::Known::default(),
        })))
    }

    /// The settings that these clients follow.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The region that calls without one of their own go to.
    ///
    /// # Errors
    /// When none is set anywhere.
    pub async fn region(&self) -> Result<String> {
        Ok(self.base().await?.region(None).await?.to_string())
    }

    async fn base(&self) -> Result<&Base> {
        let inner = &*self.0;
        // Boxed, like other futures below: the SDK's are large, and the callers' would be too.
        let make = || Box::pin(Base::new(inner.settings.clone(), inner.clock.clone()));
        inner.base.get_or_try_init(make).await
    }

    /// A session with credentials that are there, in an account that may be touched.
    async fn session(&self, region: Option<&str>, role: Option<&str>) -> Result<Arc<Session>> {
        let well_formed = role.map_or(Ok(()), checks::iam_role_arn);
        well_formed.map_err(|broken| Error::invalid(broken).at("role_arn"))?;
        Box::pin(self.guard(role)).await?;
        Box::pin(self.unguarded(region, role)).await
    }

    /// A session whatever the account.
    async fn unguarded(&self, region: Option<&str>, role: Option<&str>) -> Result<Arc<Session>> {
        let base = self.base().await?;
        let region = base.region(region).await?;
        let session = self.remembered(base, region, role);
        // Asked for here, the error is not wrapped in that of the call that needs them.
        session
            .credentials
            .get()
            .await
            .map_err(|failure| failure.into_error().context("looking for AWS credentials"))?;
        Ok(session)
    }

    fn remembered(&self, base: &Base, region: Region, role: Option<&str>) -> Arc<Session> {
        let key = (region.clone(), role.map(str::to_owned));
        if let Some(session) = lock(&self.0.sessions).get(&key) {
            return session.clone();
        }
        let own = base.credentials(&region);
        let credentials = match role {
            None => own,
            Some(role_arn) => {
                let make = || {
                    let role_arn = role_arn.to_owned();
                    let role = AssumeRole { role_arn, ..AssumeRole::default() };
                    base.assume(role, own, base.sts_region(&region))
                };
                lock(&self.0.roles).entry(role_arn.to_owned()).or_insert_with(make).clone()
            }
        };
        let session = Session { region, credentials, made: services::Made::default() };
        lock(&self.0.sessions).entry(key).or_insert_with(|| Arc::new(session)).clone()
    }
}

impl Session {
    fn config(&self, base: &Base) -> SdkConfig {
        base.config_for(self.region.clone(), Some(&self.credentials))
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
