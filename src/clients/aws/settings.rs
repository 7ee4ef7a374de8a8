//! What the provider block says about AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

mod check;

pub(super) use check::used;

/// Tags of an AWS resource, by key.
pub type Tags = BTreeMap<String, String>;

/// Everything that decides how AWS is called, with the names and defaults of
/// the AWS provider's block.
///
/// Plain data: nothing here is read from the environment. What the SDK reads
/// from there by itself is listed at [`super`]; the rest
/// (`AWS_MAX_ATTEMPTS`, `AWS_RETRY_MODE`, `AWS_CA_BUNDLE`, the proxies,
/// `TF_APPEND_USER_AGENT`) whoever makes the settings hands in.
///
/// There is no `insecure`: a certificate that is not verified would hand the
/// credentials of the run to whoever sits in between. A private authority goes
/// into `custom_ca_bundle`.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Region of every call that names none.
    pub region: Option<String>,
    /// Profile of the shared configuration. One given here wins over keys in
    /// the environment; `AWS_PROFILE` does not.
    pub profile: Option<String>,
    /// The profile that the environment names (`AWS_PROFILE`). The SDK finds it
    /// by itself; here it is told from nobody having asked for a profile.
    pub ambient_profile: Option<String>,
    /// Access key id; goes with `secret_key`.
    pub access_key: Option<String>,
    /// Secret access key; goes with `access_key`.
    pub secret_key: Option<SecretString>,
    /// Session token of the two keys.
    pub token: Option<SecretString>,
    /// Shared configuration files; `AWS_CONFIG_FILE` or `~/.aws/config` when
    /// empty. A leading `~/` is the home folder. A later file wins.
    pub shared_config_files: Vec<PathBuf>,
    /// Shared credentials files; `AWS_SHARED_CREDENTIALS_FILE` or
    /// `~/.aws/credentials` when empty.
    pub shared_credentials_files: Vec<PathBuf>,
    /// Roles to assume, each with the credentials of the one before.
    pub assume_role: Vec<AssumeRole>,
    /// Role to assume with a web identity, before those of `assume_role`.
    pub assume_role_with_web_identity: Option<WebIdentity>,
    /// URLs that are called instead of the services' own.
    pub endpoints: Endpoints,
    /// Tags that every resource gets.
    pub default_tags: Tags,
    /// Tags that are somebody else's.
    pub ignore_tags: IgnoreTags,
    /// Accounts in which calls may be made; all when empty.
    pub allowed_account_ids: BTreeSet<String>,
    /// Accounts in which no call may be made.
    pub forbidden_account_ids: BTreeSet<String>,
    /// How often a call is attempted, the first time included; 25 when not set.
    pub max_retries: Option<u32>,
    /// How attempts are paced.
    pub retry_mode: RetryMode,
    /// PEM file of certificates to trust beside the system's.
    pub custom_ca_bundle: Option<PathBuf>,
    /// Proxy for `http` URLs. A URL may hold a password, hence a secret.
    pub http_proxy: Option<SecretString>,
    /// Proxy for `https` URLs, which all of AWS's own are.
    pub https_proxy: Option<SecretString>,
    /// Hosts, domains and networks that are reached directly, separated by commas.
    pub no_proxy: Option<String>,
    /// Whether to use FIPS endpoints; `AWS_USE_FIPS_ENDPOINT` and the profile when not set.
    pub use_fips_endpoint: Option<bool>,
    /// Whether to use endpoints with IPv6; `AWS_USE_DUALSTACK_ENDPOINT` and the profile when not set.
    pub use_dualstack_endpoint: Option<bool>,
    /// Region of the STS endpoint that makes credentials, where it is not `region`.
    pub sts_region: Option<String>,
    /// Address of the instance metadata service.
    pub ec2_metadata_service_endpoint: Option<String>,
    /// Protocol of the instance metadata service.
    pub ec2_metadata_service_endpoint_mode: Option<MetadataMode>,
    /// Never ask the instance metadata service, neither for credentials nor for the region.
    pub skip_metadata_api_check: bool,
    /// Appended to the `User-Agent` of every call.
    pub user_agent: Option<String>,
}

/// A role to assume.
#[derive(Clone, Debug, Default)]
pub struct AssumeRole {
    /// ARN of the role.
    pub role_arn: String,
    /// Name of the session, `terraform-provider-gitops` when not set.
    pub session_name: Option<String>,
    /// External id that the trust policy asks for.
    pub external_id: Option<String>,
    /// How long the session lasts, 15 minutes to 12 hours; an hour when not set.
    pub duration: Option<Duration>,
    /// Session policy, JSON.
    pub policy: Option<String>,
    /// Managed policies that narrow the session.
    pub policy_arns: BTreeSet<String>,
    /// Session tags.
    pub tags: Tags,
    /// Keys of session tags that further sessions inherit.
    pub transitive_tag_keys: BTreeSet<String>,
    /// Who is behind the session.
    pub source_identity: Option<String>,
}

/// A role to assume with a token of an OIDC provider.
#[derive(Clone, Debug, Default)]
pub struct WebIdentity {
    /// ARN of the role.
    pub role_arn: String,
    /// Name of the session, `terraform-provider-gitops` when not set.
    pub session_name: Option<String>,
    /// The token, or the file that holds it.
    pub token: WebIdentityToken,
    /// How long the session lasts, 15 minutes to 12 hours; an hour when not set.
    pub duration: Option<Duration>,
    /// Session policy, JSON.
    pub policy: Option<String>,
    /// Managed policies that narrow the session.
    pub policy_arns: BTreeSet<String>,
}

/// A web identity token.
#[derive(Clone, Debug)]
pub enum WebIdentityToken {
    /// The token itself.
    Literal(SecretString),
    /// The file that holds it; read again whenever a session is made, since
    /// the platforms that write such files renew them.
    File(PathBuf),
}

impl Default for WebIdentityToken {
    fn default() -> Self {
        Self::File(PathBuf::new())
    }
}

/// URLs that are called instead of the services' own, as for VPC endpoints and
/// test doubles. `AWS_ENDPOINT_URL_EKS` and its like work where nothing is set.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// Amazon EKS.
    pub eks: Option<String>,
    /// IAM.
    pub iam: Option<String>,
    /// STS, for `assume_role` and the caller's identity. Roles that a profile
    /// of the shared configuration names are assumed where that profile or
    /// `AWS_ENDPOINT_URL_STS` says. Tokens for clusters always name the public
    /// endpoint.
    pub sts: Option<String>,
    /// Amazon ECR.
    pub ecr: Option<String>,
}

/// Tags that others manage: not read, changed or removed.
#[derive(Clone, Debug, Default)]
pub struct IgnoreTags {
    /// Whole keys.
    pub keys: BTreeSet<String>,
    /// Beginnings of keys.
    pub key_prefixes: BTreeSet<String>,
}

/// How attempts of a call are paced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryMode {
    /// Exponential backoff with jitter.
    #[default]
    Standard,
    /// The same, and a rate limit that follows the throttling seen.
    Adaptive,
}

/// Protocol of the instance metadata service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataMode {
    /// `http://169.254.169.254`.
    IpV4,
    /// `http://[fd00:ec2::254]`.
    IpV6,
}

impl Settings {
    /// Attempts per call when `max_retries` is not set, as in the AWS provider.
    pub const DEFAULT_ATTEMPTS: u32 = 25;
    /// Name of sessions for which none is set.
    pub const DEFAULT_SESSION: &str = "terraform-provider-gitops";

    /// Attempts per call.
    pub fn attempts(&self) -> u32 {
        self.max_retries.unwrap_or(Self::DEFAULT_ATTEMPTS).max(1)
    }
}
