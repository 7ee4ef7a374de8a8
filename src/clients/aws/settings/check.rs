//! Rules between settings that no single one of them can break.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use regex::Regex;
use secrecy::{ExposeSecret, SecretString};

use super::{Settings, WebIdentityToken};
use crate::framework::checks;
use crate::framework::{Error, Path, Result};

/// Session lengths that STS takes.
const SESSION: std::ops::RangeInclusive<Duration> =
    Duration::from_mins(15)..=Duration::from_hours(12);

static SESSION_NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\w+=,.@-]{2,64}$").expect("the pattern is a constant that the tests try")
});

impl Settings {
    /// Checks what can be said without calling anything.
    ///
    /// # Errors
    /// At the attribute of the provider block that breaks a rule.
    pub fn validate(&self) -> Result<()> {
        self.check_keys()?;
        self.check_roles()?;
        self.check_accounts()?;
        self.check_addresses()?;
        for (name, value) in [("region", &self.region), ("sts_region", &self.sts_region)] {
            let rule = value.as_deref().map_or(Ok(()), checks::region);
            rule.map_err(|broken| Error::invalid(broken).at(name))?;
        }
        if self.max_retries == Some(0) {
            let message = "max_retries is 0; it counts every attempt, so expected 1 or more";
            return Err(Error::invalid(message).at("max_retries"));
        }
        if let Some(suffix) = &self.user_agent
            && http::HeaderValue::from_str(suffix).is_err()
        {
            return Err(Error::invalid(format!(
                "the user agent suffix {suffix:?} cannot be sent in an HTTP header; expected \
                 printable ASCII"
            )));
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<()> {
        let missing = |missing: &str, given: &str| {
            Error::invalid(format!("{given} is set without {missing}; expected both or neither"))
                .at(Path::attribute(given))
        };
        match (&self.access_key, &self.secret_key) {
            (Some(_), None) => Err(missing("secret_key", "access_key")),
            (None, Some(_)) => Err(missing("access_key", "secret_key")),
            (None, None) if self.token.is_some() => Err(missing("access_key", "token")),
            _ => Ok(()),
        }
    }

    fn check_roles(&self) -> Result<()> {
        for (index, role) in self.assume_role.iter().enumerate() {
            let at = Path::attribute("assume_role").index(index);
            session(&at, &role.role_arn, role.session_name.as_deref(), role.duration)?;
            if let Some(key) =
                role.transitive_tag_keys.iter().find(|key| !role.tags.contains_key(*key))
            {
                return Err(Error::invalid(format!(
                    "transitive_tag_keys has {key:?}, which is not a key of tags"
                ))
                .at(at.field("transitive_tag_keys")));
            }
        }
        let Some(web) = &self.assume_role_with_web_identity else { return Ok(()) };
        let at = Path::attribute("assume_role_with_web_identity");
        session(&at, &web.role_arn, web.session_name.as_deref(), web.duration)?;
        let empty = match &web.token {
            WebIdentityToken::Literal(token) => token.expose_secret().is_empty(),
            WebIdentityToken::File(path) => *path == PathBuf::new(),
        };
        if empty {
            return Err(Error::invalid(
                "the web identity has no token; expected web_identity_token or \
                 web_identity_token_file",
            )
            .at(at));
        }
        Ok(())
    }

    fn check_accounts(&self) -> Result<()> {
        let lists = [
            ("allowed_account_ids", &self.allowed_account_ids),
            ("forbidden_account_ids", &self.forbidden_account_ids),
        ];
        for (name, ids) in lists {
            for id in ids {
                checks::account_id(id).map_err(|broken| Error::invalid(broken).at(name))?;
            }
        }
        if !self.allowed_account_ids.is_empty() && !self.forbidden_account_ids.is_empty() {
            return Err(Error::invalid(
                "allowed_account_ids and forbidden_account_ids are both set; expected one of them",
            )
            .at("forbidden_account_ids"));
        }
        Ok(())
    }

    fn check_addresses(&self) -> Result<()> {
        let proxies = [("http_proxy", &self.http_proxy), ("https_proxy", &self.https_proxy)];
        for (name, proxy) in proxies {
            if let Some(proxy) = used(proxy.as_ref())
                && ProxyConfig::all(proxy.expose_secret()).is_err()
            {
                // The value may hold a password, so the message does without it.
                return Err(Error::invalid(format!(
                    "{name} is not the URL of a proxy, as in http://proxy.example.com:3128"
                ))
                .at(name));
            }
        }
        let endpoints = &self.endpoints;
        let urls = [
            ("eks", &endpoints.eks),
            ("iam", &endpoints.iam),
            ("sts", &endpoints.sts),
            ("ecr", &endpoints.ecr),
        ];
        let block = Path::attribute("endpoints");
        for (name, value) in urls {
            url(&block.field(name), value.as_deref())?;
        }
        let name = "ec2_metadata_service_endpoint";
        url(&Path::attribute(name), self.ec2_metadata_service_endpoint.as_deref())
    }
}

/// A proxy that is really one: an empty text switches a proxy off.
pub(in crate::clients::aws) fn used(proxy: Option<&SecretString>) -> Option<&SecretString> {
    proxy.filter(|proxy| !proxy.expose_secret().is_empty())
}

fn session(
    at: &Path,
    arn: &str,
    session_name: Option<&str>,
    duration: Option<Duration>,
) -> Result<()> {
    checks::iam_role_arn(arn).map_err(|broken| Error::invalid(broken).at(at.field("role_arn")))?;
    if let Some(name) = session_name.filter(|name| !SESSION_NAME.is_match(name)) {
        return Err(Error::invalid(format!(
            "session_name {name:?} is not 2 to 64 letters, digits or any of +=,.@_-"
        ))
        .at(at.field("session_name")));
    }
    match duration {
        Some(length) if !SESSION.contains(&length) => Err(Error::invalid(format!(
            "the duration of {} s is out of range; expected 15m to 12h",
            length.as_secs()
        ))
        .at(at.field("duration"))),
        _ => Ok(()),
    }
}

fn url(at: &Path, value: Option<&str>) -> Result<()> {
    let rule = value.map_or(Ok(()), checks::url_http);
    rule.map_err(|broken| Error::invalid(broken).at(at.clone()))
}

#[cfg(test)]
mod tests;
