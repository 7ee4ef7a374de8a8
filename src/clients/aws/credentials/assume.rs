//! Sessions of IAM roles.
//!
//! The SDK has providers for this; they lack the source identity, transitive
//! tags and a token that is given literally.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_sdk_sts as sts;
use aws_sdk_sts::types::{PolicyDescriptorType, Tag};
use secrecy::{ExposeSecret, SecretString};

use super::{Held, Source};
use crate::clients::aws::error::class::Class;
use crate::clients::aws::error::{Failure, Report};
use crate::clients::aws::settings::{AssumeRole, Settings, WebIdentity, WebIdentityToken};

/// The session of a role, assumed with other credentials.
pub(in crate::clients::aws) struct Role {
    pub(in crate::clients::aws) to: AssumeRole,
    /// Signs with `base`.
    pub(in crate::clients::aws) sts: sts::Client,
    pub(in crate::clients::aws) base: Held,
}

#[async_trait]
impl Source for Role {
    async fn load(&self) -> Result<(Credentials, Arc<str>), Failure> {
        let role = &self.to;
        let tags = role.tags.iter().map(|(key, value)| {
            Tag::builder().key(key).value(value).build().expect("both fields are set")
        });
        let answer = self
            .sts
            .assume_role()
            .role_arn(&role.role_arn)
            .role_session_name(session_name(role.session_name.as_ref()))
            .set_external_id(role.external_id.clone())
            .set_duration_seconds(seconds(role.duration))
            .set_policy(role.policy.clone())
            .set_policy_arns(listed(role.policy_arns.iter().map(policy)))
            .set_tags(listed(tags))
            .set_transitive_tag_keys(listed(role.transitive_tag_keys.iter().cloned()))
            .set_source_identity(role.source_identity.clone())
            .send()
            .await;
        let answer = answer.map_err(|error| {
            Report::of(&error).doing("calling AssumeRole").doing(assuming(&role.role_arn))
        })?;
        Ok((session(answer.credentials, "AssumeRole", &role.role_arn)?, self.describe()))
    }

    fn describe(&self) -> Arc<str> {
        format!("role {}, assumed with {}", self.to.role_arn, self.base.describe()).into()
    }
}

/// The session of a role, assumed with a token of an OIDC provider.
pub(in crate::clients::aws) struct Web {
    pub(in crate::clients::aws) web: WebIdentity,
    /// Signs nothing: the token is the proof.
    pub(in crate::clients::aws) sts: sts::Client,
}

#[async_trait]
impl Source for Web {
    async fn load(&self) -> Result<(Credentials, Arc<str>), Failure> {
        let web = &self.web;
        let token = token(&web.token).await?;
        let answer = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(&web.role_arn)
            .role_session_name(session_name(web.session_name.as_ref()))
            .web_identity_token(token.expose_secret())
            .set_duration_seconds(seconds(web.duration))
            .set_policy(web.policy.clone())
            .set_policy_arns(listed(web.policy_arns.iter().map(policy)))
            .send()
            .await;
        let answer = answer.map_err(|error| {
            let report = Report::of(&error).doing("calling AssumeRoleWithWebIdentity");
            report.doing(assuming(&web.role_arn))
        })?;
        let name = "AssumeRoleWithWebIdentity";
        Ok((session(answer.credentials, name, &web.role_arn)?, self.describe()))
    }

    fn describe(&self) -> Arc<str> {
        let token = match &self.web.token {
            WebIdentityToken::Literal(_) => "web_identity_token".to_owned(),
            WebIdentityToken::File(path) => format!("the token in {}", path.display()),
        };
        format!("role {}, assumed with {token}", self.web.role_arn).into()
    }
}

async fn token(token: &WebIdentityToken) -> Result<SecretString, Failure> {
    match token {
        WebIdentityToken::Literal(token) => Ok(token.clone()),
        WebIdentityToken::File(path) => match tokio::fs::read_to_string(path).await {
            Ok(text) => Ok(text.trim().into()),
            Err(error) => Err(Report::new(
                Class::Unauthenticated,
                format!("the web identity token file {} cannot be read: {error}", path.display()),
            )
            .advise(
                "It is named by web_identity_token_file in assume_role_with_web_identity or by \
                 AWS_WEB_IDENTITY_TOKEN_FILE; the platform that runs this writes it.",
            )
            .into()),
        },
    }
}

fn session(
    answer: Option<sts::types::Credentials>,
    call: &'static str,
    role: &str,
) -> Result<Credentials, Failure> {
    let Some(made) = answer else {
        let message = format!("{call} answered without credentials");
        return Err(Report::new(Class::Failed, message).doing(assuming(role)).into());
    };
    let expiry = SystemTime::try_from(made.expiration).ok();
    let token = Some(made.session_token);
    Ok(Credentials::new(made.access_key_id, made.secret_access_key, token, expiry, call))
}

fn assuming(role: &str) -> String {
    format!("assuming {role}")
}

fn session_name(name: Option<&String>) -> &str {
    name.map_or(Settings::DEFAULT_SESSION, String::as_str)
}

fn seconds(duration: Option<Duration>) -> Option<i32> {
    duration.map(|duration| i32::try_from(duration.as_secs()).unwrap_or(i32::MAX))
}

fn policy(arn: &String) -> PolicyDescriptorType {
    PolicyDescriptorType::builder().arn(arn).build()
}

/// A list that is sent only when it holds something.
fn listed<T>(items: impl Iterator<Item = T>) -> Option<Vec<T>> {
    let items: Vec<T> = items.collect();
    (!items.is_empty()).then_some(items)
}
