//! Who of other roles may act with a role.

use super::policy;
use crate::framework::checks::iam_role_arn;
use crate::framework::{Attr, Function, Model, Result};

/// The trust policy of an IAM role that other roles act with, of any account: a role that an ACK
/// capability takes for a namespace, one for a project of Kargo (`kargo-project-` and the name of the
/// project), or the `target_role_arn` of a pod identity association. The other roles need a policy
/// for it, as by `role_assume_policy`.
#[derive(Clone, Debug, Default, Model)]
pub struct RoleTrustPolicy {
    /// ARNs of the roles that may act with this one. At least one.
    #[attr(check = iam_role_arn)]
    role_arns: Attr<Vec<String>>,
}

impl Function for RoleTrustPolicy {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "role_trust_policy";
    const SUMMARY: &'static str = "Trust policy for a role that other roles act with";
    const RETURNS: &'static str = "the policy document as JSON, for `assume_role_policy`.";
    const VARIADIC: bool = true;

    fn call(parameters: Self) -> Result<String> {
        let arns = policy::some(
            &parameters.role_arns,
            "role_arns",
            "no role is given; name at least one by its ARN",
        )?;
        Ok(policy::document(&[policy::roles(arns)]))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn statements(arns: &[&str]) -> Json {
        let role_arns = Attr::Known(arns.iter().map(|&arn| arn.to_owned()).collect());
        let document = RoleTrustPolicy::call(RoleTrustPolicy { role_arns }).unwrap();
        serde_json::from_str::<Json>(&document).unwrap()["Statement"].take()
    }

    #[test]
    fn the_roles_may_begin_and_tag_a_session() {
        let arns = ["a", "b"].map(|name| format!("arn:aws:iam::123456789012:role/{name}"));
        assert_eq!(
            statements(&arns.each_ref().map(String::as_str)),
            json!([{
                "Effect": "Allow",
                "Principal": { "AWS": arns },
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }])
        );
    }

    #[test]
    fn nothing_in_particular_is_refused() {
        let error = RoleTrustPolicy::call(RoleTrustPolicy::default()).unwrap_err();
        assert_eq!(error.path().unwrap().to_string(), "role_arns");
    }
}
