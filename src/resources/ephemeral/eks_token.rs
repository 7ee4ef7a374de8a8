//! Tokens for EKS clusters, for whoever cannot make them.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::framework::checks::{iam_role_arn, region};
use crate::framework::{Attr, Ephemeral, Error, Model, Opened, Path, Result, Secret};
use crate::provider::Provider;
use crate::resources::Operation;

/// A token for an EKS cluster, with all else that a login needs, for other providers and programs.
/// It is made anew in every plan and every apply, from the AWS credentials of the run, and is kept
/// nowhere.
///
/// A cluster takes a token for 15 minutes, and what was handed on cannot be exchanged during a run:
/// when a run still uses a token that is about to end, it is warned. Resources of this provider need
/// none: with `cluster = { name = "main" }` it makes tokens by itself, however long a run takes.
#[derive(Clone, Debug, Default, Model)]
pub struct EksToken {
    /// Name of the EKS cluster.
    #[attr(required)]
    name: Attr<String>,
    /// Region of the cluster; the provider's when not set.
    #[attr(check = region)]
    region: Attr<String>,
    /// IAM role that the token stands for, assumed with the provider's credentials; these themselves
    /// when not set.
    #[attr(check = iam_role_arn)]
    role_arn: Attr<String>,
    /// The bearer token.
    #[attr(computed)]
    token: Attr<Secret>,
    /// When it ends, as in `2026-01-31T12:00:00Z`.
    #[attr(computed)]
    expiration: Attr<String>,
    /// URL of the API server.
    #[attr(computed)]
    host: Attr<String>,
    /// Certificates that sign the API server's own, PEM.
    #[attr(computed)]
    cluster_ca_certificate: Attr<String>,
}

/// How long before the end of a token its users are warned.
const AHEAD: Duration = Duration::from_mins(1);

/// What is remembered of an open one.
const CLUSTER: &str = "cluster";
const EXPIRATION: &str = "expiration";

impl Ephemeral for EksToken {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "eks_token";
    /// A cluster that is being made is waited for.
    const TIMEOUT: Duration = Duration::from_mins(25);

    async fn open(cx: &Operation, config: Self) -> Result<Opened<Self>> {
        let name = config.name.require("name")?;
        let (region, role) = (config.region.as_str(), config.role_arn.as_str());
        let login = cx.provider().log_in(name, region, role, cx.deadline()).await?;
        let expiration = written(login.expires_at)?;
        cx.remember(CLUSTER, name);
        cx.remember(EXPIRATION, &expiration);
        Ok(Opened {
            renew_at: login.expires_at.checked_sub(AHEAD),
            result: Self {
                token: Attr::Known(login.token),
                expiration: expiration.into(),
                host: login.endpoint.into(),
                cluster_ca_certificate: login.ca_pem.into(),
                ..config
            },
        })
    }

    /// A token cannot be made to last, and another one cannot take its place.
    async fn renew(cx: &Operation) -> Result<Option<SystemTime>> {
        let cluster = cx.recall::<String>(CLUSTER).unwrap_or_default();
        let expiration = cx.recall::<String>(EXPIRATION).unwrap_or_default();
        cx.warn(
            Path::root(),
            format!("The token for EKS cluster {cluster:?} ends at {expiration}"),
            format!(
                "A cluster takes a token for 15 minutes, and the one that this run handed on cannot \
                 be exchanged: whoever still uses it is refused from then on. Let it be used in a \
                 shorter run, or let its users make tokens by themselves. Resources of this provider \
                 do, with cluster = {{ name = {cluster:?} }}."
            ),
        );
        Ok(None)
    }
}

/// A time as text, to the second.
fn written(time: SystemTime) -> Result<String> {
    let time = Timestamp::try_from(time).and_then(|time| Timestamp::from_second(time.as_second()));
    let time =
        time.map_err(|error| Error::bug("the end of a token is no time").caused_by(error))?;
    Ok(time.to_string())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::framework::ephemeral::Lessor;
    use crate::framework::{Diagnostics, Private, Provider as _, Session};
    use crate::provider::Config;

    #[test]
    fn a_time_is_written_to_the_second() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_769_860_800_999);
        assert_eq!(written(time).unwrap(), "2026-01-31T12:00:00Z");
    }

    #[tokio::test]
    async fn users_of_a_token_that_ends_are_warned_once() {
        let mut diagnostics = Diagnostics::default();
        let config = Config::default().into_value();
        let provider = Provider::configure(config, &mut diagnostics).await.unwrap();
        let cancel = CancellationToken::new();
        let session = Session { provider: Arc::new(provider), cancel };
        let mut private = Private::default();
        private.set(CLUSTER, "main");
        private.set(EXPIRATION, "2026-01-31T12:00:00Z");
        let lease = Lessor::of::<EksToken>().renew(&session, private).await;
        assert_eq!(lease.renew_at, None);
        let said: Vec<_> = lease.diagnostics.into_iter().collect();
        assert!(matches!(&said[..], [only] if only.summary.contains("2026-01-31T12:00:00Z")));
        assert!(said[0].detail.contains("name = \"main\""), "{said:?}");
    }
}
