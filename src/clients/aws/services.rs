//! The services that are called: one line each.

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_sdk_ecr as ecr;
use aws_sdk_eks as eks;
use aws_sdk_iam as iam;
use aws_sdk_sts as sts;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};

use super::base::Base;
use super::credentials::Held;
use super::trace::Attempts;
use super::{Clients, Session};
use crate::framework::Result;

macro_rules! services {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        /// The clients of one session, made when they are first asked for.
        #[derive(Debug, Default)]
        pub(super) struct Made {
            $($name: OnceLock<$name::Client>,)*
        }

        impl Clients {
            $(
                $(#[$doc])*
                ///
                /// In `region`, or else the configured one; as `role_arn`, assumed with the
                /// provider's credentials, or else with those themselves.
                ///
                /// # Errors
                /// When there is no region, there are no credentials, the role cannot be
                /// assumed, or the account may not be touched.
                pub async fn $name(
                    &self,
                    region: Option<&str>,
                    role_arn: Option<&str>,
                ) -> Result<$name::Client> {
                    let session = self.session(region, role_arn).await?;
                    Ok(session.$name(self.base().await?))
                }
            )*
        }

        impl Session {
            $(
                pub(super) fn $name(&self, base: &Base) -> $name::Client {
                    let make = || $name(base, &self.config(base), Some(&self.credentials));
                    self.made.$name.get_or_init(make).clone()
                }
            )*
        }

        $(
            /// A client of the service with what every call needs.
            pub(super) fn $name(
                base: &Base,
                config: &SdkConfig,
                credentials: Option<&Held>,
            ) -> $name::Client {
                // The bucket of the SDK would end all retries of the process after a hundred, or
                // twenty calls that are tried six times, whatever `max_retries` says.
                let attempts = RetryPartition::custom(stringify!($name))
                    .token_bucket(TokenBucket::unlimited())
                    .build();
                let mut builder = $name::config::Builder::from(config)
                    .retry_partition(attempts)
                    .interceptor(base.trace(credentials))
                    .retry_classifier(Attempts);
                if let Some(url) = &base.settings.endpoints.$name {
                    // The SDK refuses these beside an endpoint that is given.
                    builder = builder.endpoint_url(url).use_fips(false).use_dual_stack(false);
                }
                $name::Client::from_conf(builder.build())
            }
        )*
    };
}

services! {
    /// Amazon ECR.
    ecr;
    /// Amazon EKS.
    eks;
    /// IAM. Global: any region of the partition will do.
    iam;
    /// STS.
    sts;
}
