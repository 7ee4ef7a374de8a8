//! What fetching from Git by a connection needs.

use super::{arns, policy};
use crate::framework::{Attr, Function, Model, Result};

/// The policy of an IAM role that fetches from Git repositories by connections of AWS CodeConnections:
/// what the role of an Argo CD capability needs for them. It does not say which repositories: that is
/// for the connection.
#[derive(Clone, Debug, Default, Model)]
pub struct CodeconnectionsUsePolicy {
    /// ARNs of the connections, such as
    /// `arn:aws:codeconnections:eu-west-1:123456789012:connection/0123abcd-0123-0123-0123-0123456789ab`.
    /// At least one.
    #[attr(check = connection_arn)]
    connection_arns: Attr<Vec<String>>,
}

impl Function for CodeconnectionsUsePolicy {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "codeconnections_use_policy";
    const SUMMARY: &'static str = "Policy for Git repositories by AWS CodeConnections";
    const RETURNS: &'static str = "the policy document as JSON, for one of `inline_policies`.";
    const VARIADIC: bool = true;

    fn call(parameters: Self) -> Result<String> {
        let arns = policy::some(
            &parameters.connection_arns,
            "connection_arns",
            "no connection is given; name at least one by its ARN",
        )?;
        let actions = ["codeconnections:GetConnection", "codeconnections:UseConnection"];
        Ok(policy::document(&[policy::allow(&actions, arns)]))
    }
}

/// Rule of a connection's ARN.
fn connection_arn(text: &str) -> std::result::Result<(), String> {
    let expected = "a connection of AWS CodeConnections, \
                    arn:aws:codeconnections:REGION:123456789012:connection/ID";
    arns::regional(text, "codeconnections", "connection/", expected)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn statements(arns: &[&str]) -> Json {
        let connection_arns = Attr::Known(arns.iter().map(|&arn| arn.to_owned()).collect());
        let document =
            CodeconnectionsUsePolicy::call(CodeconnectionsUsePolicy { connection_arns }).unwrap();
        serde_json::from_str::<Json>(&document).unwrap()["Statement"].take()
    }

    #[test]
    fn a_connection_may_be_used_and_nothing_else() {
        let arn = "arn:aws:codeconnections:eu-west-1:123456789012:connection/0123abcd";
        assert_eq!(connection_arn(arn), Ok(()));
        assert_eq!(
            statements(&[arn]),
            json!([{
                "Effect": "Allow",
                "Action": ["codeconnections:GetConnection", "codeconnections:UseConnection"],
                "Resource": arn,
            }])
        );
    }

    #[test]
    fn what_is_no_connection_is_refused() {
        for bad in ["*", "arn:aws:codeconnections:eu-west-1:123456789012:host/x"] {
            assert!(connection_arn(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_in_particular_is_refused() {
        let error =
            CodeconnectionsUsePolicy::call(CodeconnectionsUsePolicy::default()).unwrap_err();
        assert_eq!(error.path().unwrap().to_string(), "connection_arns");
    }
}
