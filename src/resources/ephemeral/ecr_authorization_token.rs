//! Logins to registries of ECR, for whoever cannot make them.

use aws_sdk_ecr::types::AuthorizationData;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;

use crate::clients::aws::OperationResult;
use crate::framework::checks::region;
use crate::framework::{Attr, Ephemeral, Error, Model, Opened, Result, Secret};
use crate::provider::Provider;
use crate::resources::Operation;

/// A login to the registries of Amazon ECR in a region that the credentials of the run may use, for
/// other providers and programs. It is made anew in every plan and every apply and is kept nowhere. It
/// ends after 12 hours, or with the session of the credentials.
///
/// Argo CD and Kargo need none: with a policy such as that of `ecr_read_policy`, their roles log in by
/// themselves.
#[derive(Clone, Debug, Default, Model)]
pub struct EcrAuthorizationToken {
    /// Region of the registries; the provider's when not set.
    #[attr(check = region)]
    region: Attr<String>,
    /// Who logs in: `AWS`.
    #[attr(computed)]
    user_name: Attr<String>,
    /// The password.
    #[attr(computed)]
    password: Attr<Secret>,
    /// Both, as a registry's `Authorization: Basic` has them: `AWS`, a colon and the password, in
    /// base64.
    #[attr(computed)]
    authorization_token: Attr<Secret>,
    /// URL of the registry of the credentials' account, such as
    /// `https://123456789012.dkr.ecr.eu-west-1.amazonaws.com`.
    #[attr(computed)]
    proxy_endpoint: Attr<String>,
    /// When the login ends, as in `2026-01-31T12:00:00Z`.
    #[attr(computed)]
    expires_at: Attr<String>,
}

impl Ephemeral for EcrAuthorizationToken {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "ecr_authorization_token";

    async fn open(cx: &Operation, config: Self) -> Result<Opened<Self>> {
        let ecr = cx.provider().ecr(&config.region).await?;
        let answer = ecr.get_authorization_token().send().await;
        let data = answer.operation("GetAuthorizationToken")?.authorization_data;
        let data = data.and_then(|data| data.into_iter().next());
        let data = data.ok_or_else(|| Error::failed("ECR answered no login"))?;
        // Nobody's run takes twelve hours, and a login cannot be exchanged during one.
        Ok(Opened { result: project(config, data)?, renew_at: None })
    }
}

/// What an answer says. Nothing of the secret is in an error.
fn project(
    config: EcrAuthorizationToken,
    data: AuthorizationData,
) -> Result<EcrAuthorizationToken> {
    let malformed = || Error::failed("ECR answered a login that cannot be read");
    let token = data.authorization_token.ok_or_else(malformed)?;
    let login = BASE64_STANDARD.decode(&token).map_err(|_| malformed())?;
    let login = String::from_utf8(login).map_err(|_| malformed())?;
    let (user, password) = login.split_once(':').ok_or_else(malformed)?;
    let expires = data.expires_at.map(|time| Timestamp::from_second(time.secs()));
    let expires = expires.transpose().map_err(|_| malformed())?;
    Ok(EcrAuthorizationToken {
        user_name: user.to_owned().into(),
        password: Attr::Known(password.into()),
        authorization_token: Attr::Known(token.as_str().into()),
        proxy_endpoint: data.proxy_endpoint.into(),
        expires_at: expires.map(|time| time.to_string()).into(),
        ..config
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::primitives::DateTime;

    use super::*;

    fn answered(token: &str) -> Result<EcrAuthorizationToken> {
        let data = AuthorizationData::builder()
            .authorization_token(token)
            .expires_at(DateTime::from_secs(1_769_860_800))
            .proxy_endpoint("https://123456789012.dkr.ecr.eu-west-1.amazonaws.com")
            .build();
        project(EcrAuthorizationToken::default(), data)
    }

    #[test]
    fn a_login_is_taken_apart() {
        let token = BASE64_STANDARD.encode("AWS:pass:word");
        let login = answered(&token).unwrap();
        assert_eq!(login.user_name.as_str(), Some("AWS"));
        assert_eq!(login.password.known().unwrap().expose(), "pass:word");
        assert_eq!(login.authorization_token.known().unwrap().expose(), token);
        assert_eq!(login.expires_at.as_str(), Some("2026-01-31T12:00:00Z"));
    }

    #[test]
    fn a_login_that_cannot_be_read_is_not_shown() {
        for secret in ["c2VjcmV0LXdpdGhvdXQtYS1jb2xvbg==", "not base64 at all"] {
            let error = answered(secret).unwrap_err();
            assert!(!format!("{error:?} {}", error.detail()).contains(secret), "{error:?}");
        }
    }
}
