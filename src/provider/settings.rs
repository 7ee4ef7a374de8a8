//! From the provider block to the settings of the AWS clients.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::config::{AssumeRole, Config, WebIdentity};
use crate::clients::aws::{
    self, Endpoints, IgnoreTags, MetadataMode, RetryMode, Settings, WebIdentityToken,
};
use crate::framework::checks::parse_go_duration;
use crate::framework::{Attr, Error, Path, Result, Secret, Set, Value};

/// What the provider block says, without the environment.
///
/// # Errors
/// A duration that is none, or a number out of range; the path says which.
pub(super) fn from_config(config: &Config) -> Result<Settings> {
    let endpoints = config.endpoints.known();
    let tags = config.default_tags.known().and_then(|block| block.tags.known());
    let ignore = config.ignore_tags.known();
    Ok(Settings {
        region: text(&config.region),
        profile: text(&config.profile),
        ambient_profile: None,
        access_key: text(&config.access_key),
        secret_key: secret(&config.secret_key),
        token: secret(&config.token),
        shared_config_files: paths(&config.shared_config_files),
        shared_credentials_files: paths(&config.shared_credentials_files),
        assume_role: config
            .assume_role
            .known()
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .enumerate()
            .map(|(at, role)| {
                assume_role(role)
                    .map_err(|error| error.at(Path::attribute("assume_role").index(at)))
            })
            .collect::<Result<_>>()?,
        assume_role_with_web_identity: config
            .assume_role_with_web_identity
            .known()
            .map(web_identity)
            .transpose()
            .map_err(|error| error.at("assume_role_with_web_identity"))?,
        endpoints: Endpoints {
            eks: endpoints.and_then(|endpoints| text(&endpoints.eks)),
            iam: endpoints.and_then(|endpoints| text(&endpoints.iam)),
            sts: endpoints.and_then(|endpoints| text(&endpoints.sts)),
            ecr: endpoints.and_then(|endpoints| text(&endpoints.ecr)),
        },
        default_tags: tags.cloned().unwrap_or_default(),
        ignore_tags: IgnoreTags {
            keys: ignore.map(|ignore| set(&ignore.keys)).unwrap_or_default(),
            key_prefixes: ignore.map(|ignore| set(&ignore.key_prefixes)).unwrap_or_default(),
        },
        allowed_account_ids: set(&config.allowed_account_ids),
        forbidden_account_ids: set(&config.forbidden_account_ids),
        max_retries: config
            .max_retries
            .known()
            .map(|tries| u32::try_from(*tries))
            .transpose()
            .map_err(|_| Error::invalid("expected a number of tries").at("max_retries"))?,
        retry_mode: match config.retry_mode.as_str() {
            Some("adaptive") => RetryMode::Adaptive,
            _ => RetryMode::Standard,
        },
        custom_ca_bundle: text(&config.custom_ca_bundle).map(PathBuf::from),
        http_proxy: text(&config.http_proxy).map(SecretString::from),
        https_proxy: text(&config.https_proxy).map(SecretString::from),
        no_proxy: text(&config.no_proxy),
        use_fips_endpoint: config.use_fips_endpoint.known().copied(),
        use_dualstack_endpoint: config.use_dualstack_endpoint.known().copied(),
        sts_region: text(&config.sts_region),
        ec2_metadata_service_endpoint: text(&config.ec2_metadata_service_endpoint),
        ec2_metadata_service_endpoint_mode: match config.ec2_metadata_service_endpoint_mode.as_str()
        {
            Some("IPv6") => Some(MetadataMode::IpV6),
            Some(_) => Some(MetadataMode::IpV4),
            None => None,
        },
        skip_metadata_api_check: config.skip_metadata_api_check.is_true(),
        user_agent: None,
    })
}

/// Tags and the objects' cluster are not needed to make a call.
const NOT_AWS: [&str; 4] = ["cluster", "argo_cd", "default_tags", "ignore_tags"];

/// The settings of AWS that are known only after apply.
pub(super) fn unknown(config: &Value) -> Vec<Path> {
    let schema = <super::Provider as crate::framework::Provider>::schema();
    let names = schema.attributes.iter().map(|attr| attr.name);
    unknown_of(config, names.filter(|name| !NOT_AWS.contains(name)))
}

/// The settings about tags that are known only after apply.
pub(super) fn unknown_tags(config: &Value) -> Vec<Path> {
    unknown_of(config, ["default_tags", "ignore_tags"].into_iter())
}

fn unknown_of(config: &Value, names: impl Iterator<Item = &'static str>) -> Vec<Path> {
    names.flat_map(|name| config.get(name).unknown_parts(&Path::attribute(name))).collect()
}

/// The provider block without the settings of AWS, if one of them is known only after apply.
///
/// Nothing is called then, and what the settings say together cannot be judged: a key whose secret
/// is not known yet is not a key without a secret.
pub(super) fn judgeable(mut config: Value) -> Value {
    if !unknown(&config).is_empty() {
        let schema = <super::Provider as crate::framework::Provider>::schema();
        for attr in schema.attributes.iter().filter(|attr| !NOT_AWS.contains(&attr.name)) {
            config.set(attr.name, attr.absent());
        }
    }
    config
}

/// What cannot be done without settings of AWS.
pub(super) const NO_CALL: &str = "AWS cannot be called";

/// Refuses what needs settings of the provider block that are not known yet.
pub(super) fn require_known(what: &str, unknown: &[Path]) -> Result<()> {
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Error::premature(format!(
        "{what}: of the provider block, {} known only after apply",
        Path::are(unknown)
    ))
    .advise(
        "Apply what these follow from first (with -target, or in a configuration of its own), or \
         set them to something that is known when planning.",
    ))
}

fn assume_role(role: &AssumeRole) -> Result<aws::AssumeRole> {
    Ok(aws::AssumeRole {
        role_arn: text(&role.role_arn).unwrap_or_default(),
        session_name: text(&role.session_name),
        external_id: text(&role.external_id),
        duration: duration(&role.duration)?,
        policy: text(&role.policy),
        policy_arns: set(&role.policy_arns),
        tags: role.tags.known().cloned().unwrap_or_default(),
        transitive_tag_keys: set(&role.transitive_tag_keys),
        source_identity: text(&role.source_identity),
    })
}

fn web_identity(identity: &WebIdentity) -> Result<aws::WebIdentity> {
    let token = match secret(&identity.web_identity_token) {
        Some(token) => WebIdentityToken::Literal(token),
        None => WebIdentityToken::File(
            text(&identity.web_identity_token_file).unwrap_or_default().into(),
        ),
    };
    Ok(aws::WebIdentity {
        role_arn: text(&identity.role_arn).unwrap_or_default(),
        session_name: text(&identity.session_name),
        token,
        duration: duration(&identity.duration)?,
        policy: text(&identity.policy),
        policy_arns: set(&identity.policy_arns),
    })
}

fn text(attr: &Attr<String>) -> Option<String> {
    attr.known().filter(|text| !text.is_empty()).cloned()
}

fn secret(attr: &Attr<Secret>) -> Option<SecretString> {
    attr.known().map(|secret| secret.expose().into())
}

fn paths(attr: &Attr<Vec<String>>) -> Vec<PathBuf> {
    attr.known().map(|paths| paths.iter().map(PathBuf::from).collect()).unwrap_or_default()
}

fn set(attr: &Attr<Set<String>>) -> BTreeSet<String> {
    attr.known().map(|set| set.0.iter().cloned().collect()).unwrap_or_default()
}

fn duration(attr: &Attr<String>) -> Result<Option<Duration>> {
    let parse = |text: &String| parse_go_duration(text).map_err(Error::invalid);
    attr.known().map(parse).transpose().map_err(|error| error.at("duration"))
}
