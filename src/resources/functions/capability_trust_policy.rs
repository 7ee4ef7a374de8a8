//! Who may act with the role of an EKS capability.

use super::policy;
use crate::framework::{Function, Model, Result};

/// The trust policy of the IAM role of an EKS capability: it lets
/// `capabilities.eks.amazonaws.com` call `sts:AssumeRole` and `sts:TagSession`. It is the same for
/// Argo CD, ACK and kro.
#[derive(Clone, Debug, Default, Model)]
pub struct CapabilityTrustPolicy {}

impl Function for CapabilityTrustPolicy {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "capability_trust_policy";
    const SUMMARY: &'static str = "Trust policy for the role of an EKS capability";
    const RETURNS: &'static str = "the policy document as JSON, for `assume_role_policy`.";

    fn call(_: Self) -> Result<String> {
        Ok(policy::document(&[policy::service("capabilities.eks.amazonaws.com")]))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    #[test]
    fn both_actions_are_allowed_to_the_service() {
        let document = CapabilityTrustPolicy::call(CapabilityTrustPolicy {}).unwrap();
        assert_eq!(
            serde_json::from_str::<Json>(&document).unwrap(),
            json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": { "Service": "capabilities.eks.amazonaws.com" },
                    "Action": ["sts:AssumeRole", "sts:TagSession"],
                }],
            })
        );
    }
}
