//! The provider block.

use std::collections::BTreeMap;

use crate::framework::checks::{account_id, go_duration, iam_role_arn, url_http};
use crate::framework::{Attr, Model, Secret, Set};
use crate::resources::object::ClusterRef;

/// Hands an Amazon EKS cluster over from infrastructure code to GitOps: the EKS capability and its
/// access, and the objects of Argo CD, Kargo and kro in the cluster, from one plan.
///
/// Nothing is called before it is needed: a plan that only creates needs neither credentials nor
/// a cluster, and every value here may be known only after apply.
#[derive(Clone, Debug, Default, Model)]
pub struct Config {
    /// The cluster that in-cluster objects live in, unless a resource says otherwise.
    #[attr(local)]
    pub cluster: Attr<ClusterRef>,
    /// Which Argo CD the cluster runs: `eks_capability` (the default), where Amazon EKS runs it, or
    /// `self_managed`. Resources are checked at plan time for what that Argo CD supports.
    #[attr(local, one_of = ["eks_capability", "self_managed"])]
    pub argo_cd: Attr<String>,
    /// AWS Region. Also `AWS_REGION` or `AWS_DEFAULT_REGION`.
    #[attr(local)]
    pub region: Attr<String>,
    /// Profile of the shared AWS configuration. Also `AWS_PROFILE`. A profile given here is used
    /// even where the environment holds access keys.
    #[attr(local)]
    pub profile: Attr<String>,
    /// AWS access key. Also `AWS_ACCESS_KEY_ID`.
    #[attr(local)]
    pub access_key: Attr<String>,
    /// AWS secret key. Also `AWS_SECRET_ACCESS_KEY`.
    #[attr(local)]
    pub secret_key: Attr<Secret>,
    /// AWS session token. Also `AWS_SESSION_TOKEN`.
    #[attr(local)]
    pub token: Attr<Secret>,
    /// Files of the shared AWS configuration, `~/.aws/config` when not set. Also `AWS_CONFIG_FILE`.
    #[attr(local)]
    pub shared_config_files: Attr<Vec<String>>,
    /// Files of shared AWS credentials, `~/.aws/credentials` when not set. Also
    /// `AWS_SHARED_CREDENTIALS_FILE`.
    #[attr(local)]
    pub shared_credentials_files: Attr<Vec<String>>,
    /// IAM roles to assume, one after the other.
    #[attr(local, block)]
    pub assume_role: Attr<Vec<AssumeRole>>,
    /// IAM role to assume with a web identity, as CI systems and HCP Terraform issue them.
    #[attr(local, block)]
    pub assume_role_with_web_identity: Attr<WebIdentity>,
    /// URLs to call instead of the services' own.
    #[attr(local, block)]
    pub endpoints: Attr<Endpoints>,
    /// Tags for every AWS resource that takes tags; a resource's own win.
    #[attr(local, block)]
    pub default_tags: Attr<DefaultTags>,
    /// Tags that others manage: never read, changed or removed.
    #[attr(local, block)]
    pub ignore_tags: Attr<IgnoreTags>,
    /// Accounts that may be touched; any other is refused before the first change.
    #[attr(local, check = account_id)]
    pub allowed_account_ids: Attr<Set<String>>,
    /// Accounts that must not be touched.
    #[attr(local, check = account_id)]
    pub forbidden_account_ids: Attr<Set<String>>,
    /// How often an AWS call is tried when it is throttled or fails for a passing reason; 25 when
    /// not set. Also `AWS_MAX_ATTEMPTS`.
    #[attr(local, range(1, 1000))]
    pub max_retries: Attr<i64>,
    /// How the tries are paced: `standard` (the default) or `adaptive`. Also `AWS_RETRY_MODE`.
    #[attr(local, one_of = ["standard", "adaptive"])]
    pub retry_mode: Attr<String>,
    /// File of PEM certificates to trust beside the system's own. Also `AWS_CA_BUNDLE`.
    #[attr(local)]
    pub custom_ca_bundle: Attr<String>,
    /// Proxy for `http` URLs. Also `HTTP_PROXY`.
    #[attr(local)]
    pub http_proxy: Attr<String>,
    /// Proxy for `https` URLs. Also `HTTPS_PROXY`.
    #[attr(local)]
    pub https_proxy: Attr<String>,
    /// Hosts that are reached without a proxy, separated by commas. Also `NO_PROXY`.
    #[attr(local)]
    pub no_proxy: Attr<String>,
    /// Use FIPS endpoints. Also `AWS_USE_FIPS_ENDPOINT`.
    #[attr(local)]
    pub use_fips_endpoint: Attr<bool>,
    /// Use endpoints with IPv6. Also `AWS_USE_DUALSTACK_ENDPOINT`.
    #[attr(local)]
    pub use_dualstack_endpoint: Attr<bool>,
    /// Region of the STS endpoint, where it is not the provider's.
    #[attr(local)]
    pub sts_region: Attr<String>,
    /// Address of the instance metadata service. Also `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
    #[attr(local)]
    pub ec2_metadata_service_endpoint: Attr<String>,
    /// Protocol of the instance metadata service: `IPv4` or `IPv6`.
    #[attr(local, one_of = ["IPv4", "IPv6"])]
    pub ec2_metadata_service_endpoint_mode: Attr<String>,
    /// Do not ask the instance metadata service for credentials.
    #[attr(local)]
    pub skip_metadata_api_check: Attr<bool>,
}

/// An IAM role to assume.
#[derive(Clone, Debug, Default, Model)]
pub struct AssumeRole {
    /// ARN of the role.
    #[attr(required, local, check = iam_role_arn)]
    pub role_arn: Attr<String>,
    /// Name of the session, as `CloudTrail` shows it.
    #[attr(local)]
    pub session_name: Attr<String>,
    /// External id that the role's trust policy asks for.
    #[attr(local)]
    pub external_id: Attr<String>,
    /// How long the session lasts, as in `1h`: 15 minutes to the role's maximum.
    #[attr(local, check = go_duration)]
    pub duration: Attr<String>,
    /// IAM policy, JSON, that narrows what the session may do.
    #[attr(local)]
    pub policy: Attr<String>,
    /// ARNs of IAM policies that narrow what the session may do.
    #[attr(local)]
    pub policy_arns: Attr<Set<String>>,
    /// Tags of the session.
    #[attr(local)]
    pub tags: Attr<BTreeMap<String, String>>,
    /// Keys of session tags that roles assumed from this session inherit.
    #[attr(local)]
    pub transitive_tag_keys: Attr<Set<String>>,
    /// Who is behind the session; sessions made from this one keep it.
    #[attr(local)]
    pub source_identity: Attr<String>,
}

/// An IAM role to assume with a web identity.
#[derive(Clone, Debug, Default, Model)]
#[expect(clippy::struct_field_names, reason = "the names are those of the AWS provider")]
pub struct WebIdentity {
    /// ARN of the role. Also `AWS_ROLE_ARN`.
    #[attr(local, check = iam_role_arn)]
    pub role_arn: Attr<String>,
    /// Name of the session. Also `AWS_ROLE_SESSION_NAME`.
    #[attr(local)]
    pub session_name: Attr<String>,
    /// The token itself.
    #[attr(local)]
    pub web_identity_token: Attr<Secret>,
    /// File that holds the token. Also `AWS_WEB_IDENTITY_TOKEN_FILE`.
    #[attr(local)]
    pub web_identity_token_file: Attr<String>,
    /// How long the session lasts, as in `1h`.
    #[attr(local, check = go_duration)]
    pub duration: Attr<String>,
    /// IAM policy, JSON, that narrows what the session may do.
    #[attr(local)]
    pub policy: Attr<String>,
    /// ARNs of IAM policies that narrow what the session may do.
    #[attr(local)]
    pub policy_arns: Attr<Set<String>>,
}

/// URLs to call instead of the services' own.
#[derive(Clone, Debug, Default, Model)]
pub struct Endpoints {
    /// Of Amazon ECR. Also `AWS_ENDPOINT_URL_ECR`.
    #[attr(local, check = url_http)]
    pub ecr: Attr<String>,
    /// Of Amazon EKS. Also `AWS_ENDPOINT_URL_EKS`.
    #[attr(local, check = url_http)]
    pub eks: Attr<String>,
    /// Of AWS IAM. Also `AWS_ENDPOINT_URL_IAM`.
    #[attr(local, check = url_http)]
    pub iam: Attr<String>,
    /// Of AWS STS. Also `AWS_ENDPOINT_URL_STS`. Tokens for EKS are made for the public endpoint
    /// all the same, since that is what the cluster asks.
    #[attr(local, check = url_http)]
    pub sts: Attr<String>,
}

/// Tags for every AWS resource that takes tags.
#[derive(Clone, Debug, Default, Model)]
pub struct DefaultTags {
    /// The tags.
    #[attr(local)]
    pub tags: Attr<BTreeMap<String, String>>,
}

/// Tags that others manage.
#[derive(Clone, Debug, Default, Model)]
pub struct IgnoreTags {
    /// Keys of such tags.
    #[attr(local)]
    pub keys: Attr<Set<String>>,
    /// Beginnings of keys of such tags.
    #[attr(local)]
    pub key_prefixes: Attr<Set<String>>,
}
