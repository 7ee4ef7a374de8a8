//! EKS clusters by name: where AWS and Kubernetes meet.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use super::settings;
use crate::clients::aws::Clients;
use crate::clients::aws::cluster::{CREATION, describe_cluster, forget_cluster};
use crate::clients::aws::token::TokenSource;
use crate::clients::kube::{ClusterResolver, Principal, Resolved, TokenProvider};
use crate::framework::wait::Deadline;
use crate::framework::{Path, Result, Secret};

/// Finds EKS clusters with the provider's AWS credentials.
#[derive(Debug)]
pub(super) struct EksClusters {
    aws: Clients,
    unknown: Vec<Path>,
}

impl EksClusters {
    pub(super) fn new(aws: Clients, unknown: Vec<Path>) -> Self {
        Self { aws, unknown }
    }
}

#[async_trait]
impl ClusterResolver for EksClusters {
    async fn resolve(
        &self,
        name: &str,
        region: Option<&str>,
        role_arn: Option<&str>,
    ) -> Result<Resolved> {
        settings::require_known(settings::NO_CALL, &self.unknown)?;
        // Connections are kept, so this is asked the first time, and again when one failed:
        // then the cluster may be another one of that name.
        forget_cluster(&self.aws, name, region, role_arn);
        // Whoever asks has a deadline of their own and stops waiting by it.
        let deadline = Deadline::new(CREATION, CancellationToken::new());
        // Boxed: the SDK's futures nest deeper than the compiler likes to follow.
        let found = describe_cluster(&self.aws, name, region, role_arn, &deadline);
        let found = Box::pin(found).await?;
        let [region, role_arn] = [region, role_arn].map(|text| text.map(str::to_owned));
        let tokens = TokenSource::new(self.aws.clone(), found.token_id(), region, role_arn);
        Ok(Resolved {
            endpoint: found.endpoint.clone(),
            ca_pem: found.ca_pem.clone(),
            token: Arc::new(Tokens(tokens)),
        })
    }
}

#[derive(Debug)]
struct Tokens(TokenSource);

#[async_trait]
impl TokenProvider for Tokens {
    async fn token(&self) -> Result<SecretString> {
        Ok(Box::pin(self.0.token()).await?.secret)
    }

    fn invalidate(&self) {
        self.0.invalidate();
    }

    fn describe(&self) -> String {
        self.0.describe()
    }

    async fn identify(&self) -> Principal {
        match Box::pin(self.0.principal()).await {
            Ok((name, arn)) => Principal { name, access_entry: Some(arn) },
            Err(error) => {
                tracing::debug!(%error, "who was refused cannot be found out");
                Principal { name: self.describe(), access_entry: None }
            }
        }
    }
}

/// All that a login to an EKS cluster needs.
#[derive(Clone, Debug)]
pub struct EksLogin {
    /// `https://` URL of the API server.
    pub endpoint: String,
    /// Certificates that the API server's comes from, PEM.
    pub ca_pem: String,
    /// The bearer token.
    pub token: Secret,
    /// When the token ends.
    pub expires_at: SystemTime,
}

pub(super) async fn log_in(
    aws: &Clients,
    name: &str,
    region: Option<&str>,
    role_arn: Option<&str>,
    deadline: &Deadline,
) -> Result<EksLogin> {
    // Boxed, as above.
    let found = Box::pin(describe_cluster(aws, name, region, role_arn, deadline)).await?;
    let [region, role_arn] = [region, role_arn].map(|text| text.map(str::to_owned));
    let tokens = TokenSource::new(aws.clone(), found.token_id(), region, role_arn);
    let token = Box::pin(tokens.token()).await?;
    Ok(EksLogin {
        endpoint: found.endpoint.clone(),
        ca_pem: found.ca_pem.clone(),
        token: token.secret.expose_secret().into(),
        expires_at: token.expires_at,
    })
}
