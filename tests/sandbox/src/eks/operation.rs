//! The operations that the emulator serves, with their methods and paths.

use std::{fmt, str::FromStr};

use http::Method;
use serde::{Deserialize, Serialize};

/// One line per operation: name, method, path as the service model spells them.
macro_rules! operations {
    ($($name:ident $method:ident $path:literal,)*) => {
        /// An operation of the EKS API, by the API's own name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs)] // The names are the API's own; what they do is in its reference.
        pub enum Operation {
            $($name,)*
        }

        impl Operation {
            /// Every operation served.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The operation's name, as the API writes it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            pub(crate) fn route(self) -> (Method, &'static str) {
                match self {
                    $(Self::$name => (Method::$method, $path),)*
                }
            }
        }
    };
}

operations! {
    ListClusters GET "/clusters",
    DescribeCluster GET "/clusters/{name}",

    CreateCapability POST "/clusters/{name}/capabilities",
    DescribeCapability GET "/clusters/{name}/capabilities/{capabilityName}",
    UpdateCapability POST "/clusters/{name}/capabilities/{capabilityName}",
    DeleteCapability DELETE "/clusters/{name}/capabilities/{capabilityName}",
    ListCapabilities GET "/clusters/{name}/capabilities",
    DescribeUpdate GET "/clusters/{name}/updates/{updateId}",

    CreatePodIdentityAssociation POST "/clusters/{name}/pod-identity-associations",
    DescribePodIdentityAssociation GET "/clusters/{name}/pod-identity-associations/{associationId}",
    UpdatePodIdentityAssociation POST "/clusters/{name}/pod-identity-associations/{associationId}",
    DeletePodIdentityAssociation DELETE "/clusters/{name}/pod-identity-associations/{associationId}",
    ListPodIdentityAssociations GET "/clusters/{name}/pod-identity-associations",

    CreateAccessEntry POST "/clusters/{name}/access-entries",
    DescribeAccessEntry GET "/clusters/{name}/access-entries/{principalArn}",
    UpdateAccessEntry POST "/clusters/{name}/access-entries/{principalArn}",
    DeleteAccessEntry DELETE "/clusters/{name}/access-entries/{principalArn}",
    ListAccessEntries GET "/clusters/{name}/access-entries",

    ListAccessPolicies GET "/access-policies",
    AssociateAccessPolicy POST "/clusters/{name}/access-entries/{principalArn}/access-policies",
    DisassociateAccessPolicy DELETE "/clusters/{name}/access-entries/{principalArn}/access-policies/{policyArn}",
    ListAssociatedAccessPolicies GET "/clusters/{name}/access-entries/{principalArn}/access-policies",

    TagResource POST "/tags/{resourceArn}",
    UntagResource DELETE "/tags/{resourceArn}",
    ListTagsForResource GET "/tags/{resourceArn}",
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Operation {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|operation| operation.name() == name)
            .ok_or_else(|| anyhow::anyhow!("{name:?} is not an operation of the emulator"))
    }
}
