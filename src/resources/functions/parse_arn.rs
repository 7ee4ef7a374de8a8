//! ARNs, taken apart.

use crate::clients::arn::Arn;
use crate::framework::checks::arn;
use crate::framework::{Attr, Error, Function, Model, Result};

/// Takes an Amazon Resource Name apart.
#[derive(Clone, Debug, Default, Model)]
pub struct ParseArn {
    /// The ARN.
    #[attr(required, check = arn)]
    arn: Attr<String>,
}

/// The parts of an ARN.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Parts {
    /// The partition: `aws`, `aws-cn`, `aws-us-gov`.
    partition: Attr<String>,
    /// The service: `eks`.
    service: Attr<String>,
    /// The Region; empty for what is global.
    region: Attr<String>,
    /// The account; empty for what has none.
    account_id: Attr<String>,
    /// All that follows: `cluster/main`.
    resource: Attr<String>,
    /// What it is, where that is said: `cluster`.
    resource_type: Attr<String>,
    /// Which one: `main`.
    resource_id: Attr<String>,
}

impl Function for ParseArn {
    type Parameters = Self;
    type Output = Parts;

    const NAME: &'static str = "parse_arn";
    const SUMMARY: &'static str = "Parts of an ARN";
    const RETURNS: &'static str = "an object with `partition`, `service`, `region` and `account_id` \
         (both empty where the ARN has none), `resource` (all that follows, such as `cluster/main`), \
         and of that `resource_type` (`cluster`; null where there is none) and `resource_id` \
         (`main`).";

    fn call(parameters: Self) -> Result<Parts> {
        let arn: Arn = parameters
            .arn
            .require("arn")?
            .parse()
            .map_err(|broken: String| Error::invalid(broken).at("arn"))?;
        let (kind, id) = match arn.resource.split_once(['/', ':']) {
            Some((kind, id)) => (Attr::Known(kind.to_owned()), id),
            None => (Attr::Null, arn.resource.as_str()),
        };
        Ok(Parts {
            resource_type: kind,
            resource_id: id.to_owned().into(),
            partition: arn.partition.into(),
            service: arn.service.into(),
            region: arn.region.into(),
            account_id: arn.account.into(),
            resource: arn.resource.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(arn: &str) -> [Option<String>; 7] {
        let parts = ParseArn::call(ParseArn { arn: arn.to_owned().into() }).unwrap();
        let Parts { partition, service, region, account_id, resource, resource_type, resource_id } =
            parts;
        [partition, service, region, account_id, resource, resource_type, resource_id]
            .map(Attr::into_known)
    }

    #[test]
    fn every_part_is_told() {
        let expected =
            ["aws", "eks", "eu-west-1", "123456789012", "cluster/main", "cluster", "main"];
        let found = parts("arn:aws:eks:eu-west-1:123456789012:cluster/main");
        assert_eq!(found, expected.map(|part| Some(part.to_owned())));
        let [.., region, account, _, kind, id] =
            parts("arn:aws:iam::123456789012:role/team/deployer");
        assert_eq!([region, account].map(Option::unwrap), ["", "123456789012"]);
        assert_eq!([kind, id].map(Option::unwrap), ["role", "team/deployer"]);
        let [.., kind, id] = parts("arn:aws:logs:eu-west-1:123456789012:log-group:/a:*");
        assert_eq!([kind, id].map(Option::unwrap), ["log-group", "/a:*"]);
        let [.., kind, id] = parts("arn:aws:sns:eu-west-1:123456789012:topic");
        assert_eq!([kind, id], [None, Some("topic".to_owned())]);
    }
}
