//! Who may act with a role that pods get by their service account's token.

use super::{policy, service_account};
use crate::framework::{Attr, Error, Function, Model, Result};

/// The trust policy of an IAM role for service accounts (IRSA): it lets their pods call
/// `sts:AssumeRoleWithWebIdentity` with tokens of the cluster's OIDC issuer.
#[derive(Clone, Debug, Default, Model)]
pub struct IrsaTrustPolicy {
    /// ARN of the IAM OIDC provider for the cluster's issuer.
    #[attr(required, check = policy::oidc_provider_arn)]
    oidc_provider_arn: Attr<String>,
    /// Service accounts whose pods may have the role, each as `NAMESPACE:NAME`; `*` and `?` stand
    /// for any characters. At least one.
    #[attr(check = service_account::check)]
    service_accounts: Attr<Vec<String>>,
}

impl Function for IrsaTrustPolicy {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "irsa_trust_policy";
    const SUMMARY: &'static str = "Trust policy for a role of service accounts (IRSA)";
    const RETURNS: &'static str = "the policy document as JSON, for `assume_role_policy`.";
    const VARIADIC: bool = true;

    fn call(parameters: Self) -> Result<String> {
        let provider = parameters.oidc_provider_arn.require("oidc_provider_arn")?;
        let issuer = policy::issuer(provider).map_err(Error::invalid)?;
        let accounts = policy::some(
            &parameters.service_accounts,
            "service_accounts",
            "no service account is given; name at least one, such as \"shop:api\"",
        )?;
        let subjects: Vec<_> =
            accounts.iter().map(|account| format!("system:serviceaccount:{account}")).collect();
        Ok(policy::document(&[policy::web_identity(provider, &issuer, &subjects)]))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF";

    fn call(accounts: &[&str]) -> Result<Json> {
        let accounts: Vec<_> = accounts.iter().map(|&account| account.to_owned()).collect();
        let document = IrsaTrustPolicy::call(IrsaTrustPolicy {
            oidc_provider_arn: format!("arn:aws:iam::123456789012:oidc-provider/{ISSUER}").into(),
            service_accounts: accounts.into(),
        })?;
        Ok(serde_json::from_str(&document).unwrap())
    }

    #[test]
    fn the_audience_and_the_subject_are_told_by_the_issuer() {
        assert_eq!(
            call(&["shop:api"]).unwrap(),
            json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": {
                        "Federated": format!("arn:aws:iam::123456789012:oidc-provider/{ISSUER}"),
                    },
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": { "StringEquals": {
                        format!("{ISSUER}:aud"): "sts.amazonaws.com",
                        format!("{ISSUER}:sub"): "system:serviceaccount:shop:api",
                    } },
                }],
            })
        );
    }

    #[test]
    fn a_wildcard_is_compared_as_one() {
        let document = call(&["shop:api", "pay:*"]).unwrap();
        assert_eq!(
            document["Statement"][0]["Condition"],
            json!({
                "StringEquals": { format!("{ISSUER}:aud"): "sts.amazonaws.com" },
                "StringLike": { format!("{ISSUER}:sub"):
                    ["system:serviceaccount:shop:api", "system:serviceaccount:pay:*"] },
            })
        );
    }

    #[test]
    fn nobody_in_particular_is_refused() {
        let error = call(&[]).unwrap_err();
        assert_eq!(error.path().unwrap().to_string(), "service_accounts");
        let bad = "arn:aws:iam::123456789012:role/x";
        assert!(policy::oidc_provider_arn(bad).unwrap_err().contains("OIDC provider"));
        assert!(policy::oidc_provider_arn("https://example.com").unwrap_err().contains("ARN"));
    }
}
