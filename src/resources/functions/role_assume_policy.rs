//! What acting with other roles needs.

use super::{arns, policy};
use crate::framework::{Attr, Function, Model, Result};

/// The policy of an IAM role that acts with other roles, of any account: the role of an ACK capability
/// whose namespaces have roles of their own, Kargo with one role for each project, or the first role
/// of a pod identity association with a `target_role_arn`. Each of the other roles has to let it in,
/// as by `role_trust_policy`.
///
/// Kargo takes the role `kargo-project-` and the name of the project, where there is one.
#[derive(Clone, Debug, Default, Model)]
pub struct RoleAssumePolicy {
    /// ARNs of the roles, in whose names `*` and `?` stand for any characters, as in
    /// `arn:aws:iam::123456789012:role/kargo-project-*`. At least one.
    #[attr(check = arns::role)]
    role_arns: Attr<Vec<String>>,
}

impl Function for RoleAssumePolicy {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "role_assume_policy";
    const SUMMARY: &'static str = "Policy for acting with other IAM roles";
    const RETURNS: &'static str = "the policy document as JSON, for one of `inline_policies`.";
    const VARIADIC: bool = true;

    fn call(parameters: Self) -> Result<String> {
        let arns = policy::some(
            &parameters.role_arns,
            "role_arns",
            "no role is given; name at least one by its ARN",
        )?;
        Ok(policy::document(&[policy::assume(arns)]))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn statements(arns: &[&str]) -> Json {
        let role_arns = Attr::Known(arns.iter().map(|&arn| arn.to_owned()).collect());
        let document = RoleAssumePolicy::call(RoleAssumePolicy { role_arns }).unwrap();
        serde_json::from_str::<Json>(&document).unwrap()["Statement"].take()
    }

    #[test]
    fn a_session_may_be_begun_and_tagged() {
        let arn = "arn:aws:iam::123456789012:role/kargo-project-*";
        assert_eq!(
            statements(&[arn]),
            json!([{
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Resource": arn,
            }])
        );
    }

    #[test]
    fn nothing_in_particular_is_refused() {
        let error = RoleAssumePolicy::call(RoleAssumePolicy::default()).unwrap_err();
        assert_eq!(error.path().unwrap().to_string(), "role_arns");
    }
}
