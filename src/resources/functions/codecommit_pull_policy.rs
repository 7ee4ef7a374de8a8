//! What fetching from repositories of CodeCommit needs.

use super::{arns, policy};
use crate::framework::{Attr, Function, Model, Result};

/// The policy of an IAM role that fetches from repositories of AWS CodeCommit: what the role of an
/// Argo CD capability needs for them.
#[derive(Clone, Debug, Default, Model)]
pub struct CodecommitPullPolicy {
    /// ARNs of the repositories, in whose names `*` and `?` stand for any characters, as in
    /// `arn:aws:codecommit:eu-west-1:123456789012:shop-*`. At least one.
    #[attr(check = repository_arn)]
    repository_arns: Attr<Vec<String>>,
}

impl Function for CodecommitPullPolicy {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "codecommit_pull_policy";
    const SUMMARY: &'static str = "Policy for fetching from repositories of AWS CodeCommit";
    const RETURNS: &'static str = "the policy document as JSON, for one of `inline_policies`.";
    const VARIADIC: bool = true;

    fn call(parameters: Self) -> Result<String> {
        let arns = policy::some(
            &parameters.repository_arns,
            "repository_arns",
            "no repository is given; name at least one by its ARN",
        )?;
        Ok(policy::document(&[policy::allow(&["codecommit:GitPull"], arns)]))
    }
}

/// Rule of a repository's ARN.
fn repository_arn(text: &str) -> std::result::Result<(), String> {
    let expected = "a repository of AWS CodeCommit, arn:aws:codecommit:REGION:123456789012:NAME";
    arns::regional(text, "codecommit", "", expected)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn statements(arns: &[&str]) -> Json {
        let repository_arns = Attr::Known(arns.iter().map(|&arn| arn.to_owned()).collect());
        let document =
            CodecommitPullPolicy::call(CodecommitPullPolicy { repository_arns }).unwrap();
        serde_json::from_str::<Json>(&document).unwrap()["Statement"].take()
    }

    #[test]
    fn repositories_may_be_fetched_from_and_nothing_else() {
        let arns = ["shop", "charts-*"]
            .map(|name| format!("arn:aws:codecommit:eu-west-1:123456789012:{name}"));
        assert!(arns.iter().all(|arn| repository_arn(arn).is_ok()));
        assert_eq!(
            statements(&arns.each_ref().map(String::as_str)),
            json!([{ "Effect": "Allow", "Action": "codecommit:GitPull", "Resource": arns }])
        );
        assert!(repository_arn("shop").is_err());
    }

    #[test]
    fn nothing_in_particular_is_refused() {
        let error = CodecommitPullPolicy::call(CodecommitPullPolicy::default()).unwrap_err();
        assert_eq!(error.path().unwrap().to_string(), "repository_arns");
    }
}
