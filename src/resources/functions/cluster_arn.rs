//! The ARN of an EKS cluster.

use crate::clients::aws::partition::Partition;
use crate::framework::checks::{account_id, eks_cluster_arn, region};
use crate::framework::{Attr, Error, Function, Model, Result};

/// The ARN of an EKS cluster, in the partition that the Region is in. Argo CD, where Amazon EKS runs
/// it, knows clusters by their ARN.
#[derive(Clone, Debug, Default, Model)]
pub struct ClusterArn {
    /// Region of the cluster.
    #[attr(required, check = region)]
    region: Attr<String>,
    /// Id of the AWS account that it is in.
    #[attr(required, check = account_id)]
    account_id: Attr<String>,
    /// Name of the cluster.
    #[attr(required)]
    name: Attr<String>,
}

impl Function for ClusterArn {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "cluster_arn";
    const SUMMARY: &'static str = "ARN of an EKS cluster";
    const RETURNS: &'static str =
        "the ARN, such as `arn:aws:eks:eu-west-1:123456789012:cluster/main`.";

    fn call(parameters: Self) -> Result<String> {
        let region = parameters.region.require("region")?;
        let account = parameters.account_id.require("account_id")?;
        let name = parameters.name.require("name")?;
        let partition = Partition::of(region).name;
        let arn = format!("arn:{partition}:eks:{region}:{account}:cluster/{name}");
        eks_cluster_arn(&arn).map_err(|_| {
            Error::invalid(format!(
                "{name:?} is not the name of an EKS cluster: 1 to 100 letters, digits, \"-\" and \
                 \"_\", beginning with a letter or digit"
            ))
            .at("name")
        })?;
        Ok(arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(region: &str, name: &str) -> Result<String> {
        ClusterArn::call(ClusterArn {
            region: region.to_owned().into(),
            account_id: "123456789012".to_owned().into(),
            name: name.to_owned().into(),
        })
    }

    #[test]
    fn the_partition_is_that_of_the_region() {
        let arn = call("eu-west-1", "main").unwrap();
        assert_eq!(arn, "arn:aws:eks:eu-west-1:123456789012:cluster/main");
        let arn = call("cn-north-1", "main").unwrap();
        assert_eq!(arn, "arn:aws-cn:eks:cn-north-1:123456789012:cluster/main");
    }

    #[test]
    fn a_name_that_no_cluster_has_is_refused() {
        let error = call("eu-west-1", "team/main").unwrap_err();
        assert_eq!(error.path().unwrap().to_string(), "name");
    }
}
