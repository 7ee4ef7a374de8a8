//! Bearer tokens for EKS clusters, made here: a token is a presigned request to
//! STS, which the cluster sends to learn who we are.
//!
//! The format is that of aws-iam-authenticator: `k8s-aws-v1.` and the URL in
//! unpadded base64url. The cluster takes only a `GET` of `GetCallerIdentity` at
//! the public STS host of a Region, with the signed headers `host` and
//! `x-k8s-aws-id` (its name) and nothing else in the query than what the signature puts
//! there; and, within 15 minutes of the signature's date.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::SecretString;
use tracing::subscriber::NoSubscriber;

use super::Clients;
use super::error::Failure;
use super::partition::sts_host;
use crate::framework::{Context, Error, Result};

/// What every token begins with.
const PREFIX: &str = "k8s-aws-v1.";
/// The longest token that a cluster reads, in bytes.
const LONGEST: usize = 4096;
/// How long a token is good for; STS allows a minute more.
const LIFETIME: Duration = Duration::from_mins(14);
/// How long before its end a token is replaced.
const MARGIN: Duration = Duration::from_secs(90);
/// What the signature says of its own validity. STS looks at the date instead.
const EXPIRES: Duration = Duration::from_mins(1);

/// A bearer token.
#[derive(Clone, Debug)]
pub struct Token {
    /// What goes after `Authorization: Bearer`.
    pub secret: SecretString,
    /// When it, or the credentials behind it, stop being good.
    pub expires_at: SystemTime,
}

/// Tokens for one cluster, renewed when they run out.
pub struct TokenSource {
    clients: Clients,
    cluster: String,
    region: Option<String>,
    role_arn: Option<String>,
    current: Mutex<Option<Token>>,
}

impl TokenSource {
    /// Tokens for `cluster`: its name, or its id where it is a local cluster on
    /// AWS Outposts (see [`ClusterInfo::token_id`](super::cluster::ClusterInfo::token_id)).
    ///
    /// They are made in `region`, the cluster's or else the configured one, for
    /// `role_arn` or else the provider's own credentials.
    pub fn new(
        clients: Clients,
        cluster: impl Into<String>,
        region: Option<String>,
        role_arn: Option<String>,
    ) -> Self {
        let current = Mutex::default();
        Self { clients, cluster: cluster.into(), region, role_arn, current }
    }

    /// A token that is good for at least another minute. From memory, whenever it can be.
    ///
    /// # Errors
    /// When there are no credentials, or their session token makes the whole too long.
    pub async fn token(&self) -> Result<Token> {
        if let Some(token) = self.kept() {
            return Ok(token);
        }
        let token = self
            .make()
            .await
            .context(|| format!("making a token for EKS cluster {:?}", self.cluster))?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    /// The cluster refused the token: the next one is made anew.
    pub fn invalidate(&self) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whom the tokens stand for: an ARN, or where the credentials come from
    /// as long as no ARN is known.
    pub fn describe(&self) -> String {
        let caller = || Some(self.clients.0.caller.get()?.arn.clone());
        let origin = || {
            let base = self.clients.0.base.get()?;
            Some(base.origin()?.to_string())
        };
        self.role_arn
            .clone()
            .or_else(caller)
            .or_else(origin)
            .unwrap_or_else(|| "the AWS credentials of the provider".to_owned())
    }

    /// The ARN that the tokens stand for, and that of its role or user, which is
    /// what an access entry names. Asks STS unless a role is given.
    ///
    /// # Errors
    /// When STS does not answer, or not to these credentials.
    pub async fn principal(&self) -> Result<(String, String)> {
        if let Some(role) = &self.role_arn {
            return Ok((role.clone(), role.clone()));
        }
        let caller = self.clients.caller_from(self.region.as_deref()).await?;
        Ok((caller.arn.clone(), caller.principal_arn()))
    }

    fn kept(&self) -> Option<Token> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        current.filter(|token| self.clients.0.clock.now() + MARGIN < token.expires_at)
    }

    async fn make(&self) -> Result<Token> {
        let session =
            self.clients.session(self.region.as_deref(), self.role_arn.as_deref()).await?;
        let base = self.clients.base().await?;
        let credentials = session.credentials.get().await.map_err(Failure::into_error)?;
        // Signed in the time of AWS, counted in ours.
        let now = base.time.now();
        let left = credentials.expiry().map_or(LIFETIME, |expiry| {
            expiry.duration_since(now).unwrap_or_default().min(LIFETIME)
        });
        let secret = mint(&credentials, &self.cluster, session.region.as_ref(), base.fips(), now)?;
        Ok(Token { secret, expires_at: self.clients.0.clock.now() + left })
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("cluster", &self.cluster)
            .field("region", &self.region)
            .field("role_arn", &self.role_arn)
            .finish_non_exhaustive()
    }
}

/// The token of `credentials` for `cluster`, signed at `now`.
fn mint(
    credentials: &Credentials,
    cluster: &str,
    region: &str,
    fips: bool,
    now: SystemTime,
) -> Result<SecretString> {
    let url = presigned(credentials, cluster, region, fips, now).map_err(|error| {
        Error::invalid(format!("cluster {cluster:?} cannot be signed: {error}"))
    })?;
    let token = format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(url));
    if token.len() > LONGEST {
        let session = credentials.session_token().map_or(0, str::len);
        return Err(Error::invalid(format!(
            "the token for the cluster would be {} bytes long, and the cluster reads {LONGEST} at \
             most; the session token of the AWS credentials alone has {session}",
            token.len()
        ))
        .advise(
            "Session tokens grow with session tags and session policies: assume the role with fewer \
             tags, transitive ones included, or without a session policy.",
        ));
    }
    Ok(token.into())
}

fn presigned(
    credentials: &Credentials,
    cluster: &str,
    region: &str,
    fips: bool,
    now: SystemTime,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let host = sts_host(region, fips);
    let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES);
    let identity = credentials.clone().into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(now)
        .settings(settings)
        .build()?
        .into();
    let headers = [("host", host.as_str()), ("x-k8s-aws-id", cluster)];
    let request = SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::empty())?;
    // At its most talkative the signer logs the query, with the session token in it.
    let silence = NoSubscriber::default();
    let signed = tracing::subscriber::with_default(silence, || sign(request, &parameters));
    let (signature, _) = signed?.into_parts();
    let mut request = http::Request::get(&url).body(())?;
    signature.apply_to_request_http1x(&mut request);
    Ok(request.uri().to_string())
}

#[cfg(test)]
mod tests;
