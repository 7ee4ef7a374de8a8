//! What all clients of one configuration are made of.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use aws_config::identity::IdentityCache;
use aws_config::imds;
use aws_config::imds::client::EndpointMode;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::time::TimeSource;
use aws_types::sdk_ua_metadata::FrameworkMetadata;
use tokio::sync::OnceCell;

use super::credentials::Held;
use super::credentials::assume::{Role, Web};
use super::credentials::sources::{Search, files};
use super::http;
use super::region;
use super::services;
use super::settings::{AssumeRole, MetadataMode, RetryMode, Settings};
use super::time::AwsTime;
use super::trace::{CONNECT_ATTEMPTS, Trace};
use crate::framework::{Clock, Error, Result, checks};

/// How long one attempt of a call may take. A proxy that swallows requests must
/// not hold up a run for ever.
const ATTEMPT: Duration = Duration::from_secs(30);
/// The longest pauses between two attempts: the first, and any later one. What
/// is waited is random, up to these. Tests have no time to lose.
const FIRST_BACKOFF: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 1000 });
const BACKOFF: Duration = Duration::from_secs(20);

/// The settings, and what was read and made because of them.
pub(super) struct Base {
    pub(super) settings: Arc<Settings>,
    pub(super) time: AwsTime,
    /// Everything but region and credentials, which every session has of its own.
    config: SdkConfig,
    /// The same for the SDK's own sources of credentials.
    provider: ProviderConfig,
    metadata: Option<imds::Client>,
    /// Region of the settings, the environment or the profile.
    configured: Option<Region>,
    /// Region of the instance this runs on.
    instance: OnceCell<Option<Region>>,
    credentials: OnceLock<Held>,
}

/// Time, as the SDK wants it.
#[derive(Debug)]
struct SdkTime(Clock);

impl TimeSource for SdkTime {
    fn now(&self) -> SystemTime {
        self.0.now()
    }
}

impl Base {
    /// Reads the shared configuration and the certificate bundle. Calls nobody.
    pub(super) async fn new(settings: Arc<Settings>, clock: Clock) -> Result<Self> {
        let http = http::client(&settings).await?;
        let version = BehaviorVersion::v2026_01_12();
        let mut loader = aws_config::defaults(version)
            .region(None::<Region>)
            .no_credentials()
            .http_client(http.clone())
            .time_source(SdkTime(clock.clone()))
            .retry_config(retries(&settings))
            .timeout_config(timeouts())
            // `Held` caches, and answers failures better.
            .identity_cache(IdentityCache::no_cache());
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(files) = files(&settings) {
            loader = loader.profile_files(files);
        }
        if let Some(fips) = settings.use_fips_endpoint {
            loader = loader.use_fips(fips);
        }
        if let Some(dual) = settings.use_dualstack_endpoint {
            loader = loader.use_dual_stack(dual);
        }
        let (name, release) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        if let Ok(provider) = FrameworkMetadata::new(name, Some(release)) {
            loader = loader.framework_metadata(provider);
        }
        let config = loader.load().await;
        let provider = ProviderConfig::without_region()
            .with_http_client(http)
            .with_time_source(SdkTime(clock.clone()))
            // Without `Trace` they would try for minutes to reach a host that cannot be reached.
            .with_retry_config(
                retries(&settings).with_max_attempts(settings.attempts().min(CONNECT_ATTEMPTS)),
            )
            .with_timeout_config(timeouts())
            .with_use_fips(config.use_fips())
            .with_use_dual_stack(config.use_dual_stack())
            .with_behavior_version(Some(version));
        Ok(Self {
            metadata: metadata(&settings, &provider)?,
            configured: region::configured(&settings).await,
            instance: OnceCell::new(),
            credentials: OnceLock::new(),
            time: AwsTime::new(clock),
            settings,
            config,
            provider,
        })
    }

    /// The region for calls: `requested`, or the configured one, or that of the
    /// instance this runs on.
    pub(super) async fn region(&self, requested: Option<&str>) -> Result<Region> {
        let requested = requested.map(|name| Region::new(name.to_owned()));
        let mut region = requested.or_else(|| self.configured.clone());
        if region.is_none() {
            let instance = || region::of_instance(self.metadata.as_ref());
            region = self.instance.get_or_init(instance).await.clone();
        }
        let region = region.ok_or_else(|| region::missing(&self.settings))?;
        checks::region(region.as_ref()).map_err(|broken| Error::invalid(broken).at("region"))?;
        Ok(region)
    }

    /// The credentials that the settings lead to: found, then exchanged for
    /// those of a web identity, then for those of one role after the other.
    ///
    /// `region` serves the sessions for which the settings name none.
    pub(super) fn credentials(&self, region: &Region) -> Held {
        let make = || {
            let named = self.settings.sts_region.clone().map(Region::new);
            let region = named.or_else(|| self.configured.clone()).unwrap_or(region.clone());
            let mut held = self.found(&region);
            for role in &self.settings.assume_role {
                held = self.assume(role.clone(), held, region.clone());
            }
            held
        };
        self.credentials.get_or_init(make).clone()
    }

    /// The credentials to start from.
    fn found(&self, region: &Region) -> Held {
        if let Some(web) = self.settings.assume_role_with_web_identity.clone() {
            let sts = services::sts(self, &self.config_for(region.clone(), None), None);
            return Held::new(Web { web, sts }, self.time.clone());
        }
        let provider = self.provider.clone().with_region(Some(region.clone()));
        let search = Search::new(&self.settings, &provider, self.metadata.clone());
        Held::new(search, self.time.clone())
    }

    /// The credentials of `role`, assumed with those of `base` in `region`.
    pub(super) fn assume(&self, role: AssumeRole, base: Held, region: Region) -> Held {
        let sts = services::sts(self, &self.config_for(region, Some(&base)), Some(&base));
        Held::new(Role { to: role, sts, base }, self.time.clone())
    }

    /// The region in which sessions are made.
    pub(super) fn sts_region(&self, region: &Region) -> Region {
        let named = self.settings.sts_region.clone().map(Region::new);
        named.unwrap_or_else(|| region.clone())
    }

    /// What a client of any service is made of.
    pub(super) fn config_for(&self, region: Region, credentials: Option<&Held>) -> SdkConfig {
        let mut builder = self.config.to_builder().region(region);
        builder.set_credentials_provider(
            credentials.map(|held| SharedCredentialsProvider::new(held.clone())),
        );
        builder.build()
    }

    pub(super) fn trace(&self, credentials: Option<&Held>) -> Trace {
        Trace {
            credentials: credentials.cloned(),
            user_agent: self.settings.user_agent.as_deref().map(Arc::from),
            time: self.time.clone(),
        }
    }

    /// Where the credentials come from, once somebody needed them.
    pub(super) fn origin(&self) -> Option<Arc<str>> {
        self.credentials.get().map(Held::describe)
    }

    /// Whether endpoints are to be FIPS ones, by the settings, the environment or the profile.
    pub(super) fn fips(&self) -> bool {
        self.config.use_fips().unwrap_or_default()
    }
}

fn retries(settings: &Settings) -> RetryConfig {
    let retries = match settings.retry_mode {
        RetryMode::Standard => RetryConfig::standard(),
        RetryMode::Adaptive => RetryConfig::adaptive(),
    };
    retries
        .with_max_attempts(settings.attempts())
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(BACKOFF)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).build()
}

fn metadata(settings: &Settings, provider: &ProviderConfig) -> Result<Option<imds::Client>> {
    if settings.skip_metadata_api_check {
        return Ok(None);
    }
    let mut builder = imds::Client::builder().configure(provider);
    if let Some(url) = &settings.ec2_metadata_service_endpoint {
        builder = builder.endpoint(url).map_err(|error| {
            Error::invalid(format!("{url:?} is not a URL: {error}"))
                .at("ec2_metadata_service_endpoint")
        })?;
    }
    if let Some(mode) = settings.ec2_metadata_service_endpoint_mode {
        builder = builder.endpoint_mode(match mode {
            MetadataMode::IpV4 => EndpointMode::IpV4,
            MetadataMode::IpV6 => EndpointMode::IpV6,
        });
    }
    Ok(Some(builder.build()))
}
