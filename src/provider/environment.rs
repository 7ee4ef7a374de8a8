//! The environment of the run: the only place where it is read, beside what
//! the AWS SDK and the plugin's handshake read for themselves.

use std::env;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::clients::aws::{RetryMode, Settings};
use crate::clients::kube::Surroundings;
use crate::framework::{Error, Result};

/// Fills in what the provider block leaves open and the SDK does not read.
///
/// # Errors
/// When a variable has a value that it cannot have; the message names it.
pub(super) fn complete(mut settings: Settings) -> Result<Settings> {
    if settings.max_retries.is_none()
        && let Some(tries) = var("AWS_MAX_ATTEMPTS")
    {
        let number = tries.parse().ok().filter(|tries| *tries > 0);
        let wrong = || Error::invalid(format!("AWS_MAX_ATTEMPTS is {tries:?}, no number of tries"));
        settings.max_retries = Some(number.ok_or_else(wrong)?);
    }
    if let (RetryMode::Standard, Some(mode)) = (settings.retry_mode, var("AWS_RETRY_MODE")) {
        settings.retry_mode = match mode.to_lowercase().as_str() {
            "adaptive" => RetryMode::Adaptive,
            "standard" | "legacy" => RetryMode::Standard,
            _ => {
                return Err(Error::invalid(format!(
                    "AWS_RETRY_MODE is {mode:?}, and neither standard nor adaptive"
                )));
            }
        };
    }
    if settings.custom_ca_bundle.is_none() {
        settings.custom_ca_bundle = var("AWS_CA_BUNDLE").map(PathBuf::from);
    }
    if settings.http_proxy.is_none() {
        settings.http_proxy = either("HTTP_PROXY").map(SecretString::from);
    }
    if settings.https_proxy.is_none() {
        settings.https_proxy = either("HTTPS_PROXY").map(SecretString::from);
    }
    if settings.no_proxy.is_none() {
        settings.no_proxy = either("NO_PROXY");
    }
    settings.ambient_profile = var("AWS_PROFILE");
    settings.user_agent = var("TF_APPEND_USER_AGENT");
    Ok(settings)
}

/// What the environment says about connections to clusters.
pub(super) fn surroundings() -> Surroundings {
    Surroundings {
        user_agent: format!("terraform-provider-gitops/{}", env!("CARGO_PKG_VERSION")),
        https_proxy: either("HTTPS_PROXY"),
        no_proxy: either("NO_PROXY"),
        home: var("HOME").or_else(|| var("USERPROFILE")).map(PathBuf::from),
    }
}

/// A variable in capitals, or else in small letters, as curl and Go read it.
fn either(name: &str) -> Option<String> {
    var(name).or_else(|| var(&name.to_lowercase()))
}

#[cfg_attr(
    not(test),
    expect(clippy::disallowed_methods, reason = "this is the place that reads the environment")
)]
fn var(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
