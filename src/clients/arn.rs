//! Amazon Resource Names, in parts.

use std::fmt;
use std::str::FromStr;

use crate::framework::checks;

/// A well-formed ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
///
/// Displayed as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    /// The part of the world: `aws`, `aws-cn`, `aws-us-gov` and so on.
    pub partition: String,
    /// The service: `iam`, `eks`.
    pub service: String,
    /// The Region; empty for global things such as roles.
    pub region: String,
    /// The account, 12 digits; `aws` or empty for some things of AWS itself.
    pub account: String,
    /// All that follows, as in `role/team/deployer` or `cluster/main`.
    pub resource: String,
}

impl Arn {
    /// The kind of resource: `role` of `role/team/deployer`. All of a resource
    /// that has no kind, such as `root`.
    pub fn kind(&self) -> &str {
        self.resource.split('/').next().unwrap_or_default()
    }

    /// The name of an IAM role, which is what IAM's calls take: `deployer` of
    /// `role/team/deployer`.
    pub fn role_name(&self) -> Option<&str> {
        self.named("iam", "role").and_then(|path| path.rsplit('/').next())
    }

    /// The name of an EKS cluster: `main` of `cluster/main`.
    pub fn cluster_name(&self) -> Option<&str> {
        self.named("eks", "cluster")
    }

    /// What follows the kind, if this is such a thing.
    fn named(&self, service: &str, kind: &str) -> Option<&str> {
        let (found, name) = self.resource.split_once('/')?;
        (self.service == service && found == kind && !name.is_empty()).then_some(name)
    }
}

impl FromStr for Arn {
    type Err = String;

    /// Reads any ARN.
    ///
    /// # Errors
    /// The rule that the text breaks; see [`checks::arn`].
    fn from_str(text: &str) -> Result<Self, String> {
        checks::arn(text)?;
        let mut parts = text.splitn(6, ':').skip(1).map(str::to_owned);
        // The check has seen that all six are there.
        let mut next = || parts.next().unwrap_or_default();
        Ok(Self {
            partition: next(),
            service: next(),
            region: next(),
            account: next(),
            resource: next(),
        })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arn(text: &str) -> Arn {
        text.parse().unwrap()
    }

    #[test]
    fn an_arn_is_taken_apart() {
        let cluster = arn("arn:aws-us-gov:eks:us-gov-west-1:123456789012:cluster/main");
        assert_eq!(cluster.partition, "aws-us-gov");
        assert_eq!(cluster.service, "eks");
        assert_eq!(cluster.region, "us-gov-west-1");
        assert_eq!(cluster.account, "123456789012");
        assert_eq!(cluster.resource, "cluster/main");
        assert_eq!(cluster.kind(), "cluster");
    }

    #[test]
    fn a_resource_may_have_colons() {
        let queue = arn("arn:aws:logs:eu-west-1:123456789012:log-group:/a/b:*");
        assert_eq!(queue.resource, "log-group:/a/b:*");
    }

    #[test]
    fn what_is_no_arn_breaks_a_rule() {
        let rule = "role/deployer".parse::<Arn>().unwrap_err();
        assert!(rule.contains("is not an ARN"), "{rule}");
    }

    #[test]
    fn the_name_of_a_role_has_no_path() {
        assert_eq!(arn("arn:aws:iam::123456789012:role/a").role_name(), Some("a"));
        assert_eq!(arn("arn:aws:iam::123456789012:role/x/y/a").role_name(), Some("a"));
        for other in [
            "arn:aws:iam::123456789012:user/a",
            "arn:aws:iam::123456789012:root",
            "arn:aws:sts::123456789012:assumed-role/a/session",
            "arn:aws:eks:eu-west-1:123456789012:role/a",
        ] {
            assert_eq!(arn(other).role_name(), None, "{other}");
        }
    }

    #[test]
    fn only_clusters_have_the_name_of_one() {
        let cluster = arn("arn:aws:eks:eu-west-1:123456789012:cluster/main");
        assert_eq!(cluster.cluster_name(), Some("main"));
        let access_entry = arn("arn:aws:eks:eu-west-1:123456789012:access-entry/main/role/1/a/b");
        assert_eq!(access_entry.cluster_name(), None);
        assert_eq!(arn("arn:aws:ecs:eu-west-1:123456789012:cluster/main").cluster_name(), None);
    }

    proptest! {
        #[test]
        fn an_arn_is_displayed_as_it_was_written(
            text in "arn:aws(-cn|-iso-[a-z])?:[a-z0-9-]{1,8}:([a-z]{2}-[a-z]{4}-[1-9])?:([0-9]{12})?:[!-~]{1,20}"
        ) {
            prop_assert_eq!(arn(&text).to_string(), text);
        }
    }
}
