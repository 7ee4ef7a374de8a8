//! What reading repositories of ECR needs.

use super::{arns, policy};
use crate::framework::{Attr, Function, Model, Result};

/// The policy of an IAM role that reads repositories of Amazon ECR: what Argo CD needs to pull charts
/// and manifests, nodes to pull images, and Kargo to find them.
#[derive(Clone, Debug, Default, Model)]
pub struct EcrReadPolicy {
    /// ARNs of the repositories, in whose names `*` and `?` stand for any characters, as in
    /// `arn:aws:ecr:eu-west-1:123456789012:repository/shop/*`. At least one.
    #[attr(check = repository_arn)]
    repository_arns: Attr<Vec<String>>,
}

impl Function for EcrReadPolicy {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "ecr_read_policy";
    const SUMMARY: &'static str = "Policy for reading repositories of Amazon ECR";
    const RETURNS: &'static str = "the policy document as JSON, for one of `inline_policies`.";
    const VARIADIC: bool = true;

    fn call(parameters: Self) -> Result<String> {
        let repositories = policy::some(
            &parameters.repository_arns,
            "repository_arns",
            "no repository is given; name at least one by its ARN",
        )?;
        Ok(policy::document(&[
            // Not for a repository: it logs in to the registry.
            policy::allow(&["ecr:GetAuthorizationToken"], &["*".to_owned()]),
            policy::allow(
                &[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:DescribeImages",
                    "ecr:DescribeRepositories",
                    "ecr:GetDownloadUrlForLayer",
                    "ecr:ListImages",
                ],
                repositories,
            ),
        ]))
    }
}

/// Rule of a repository's ARN, in whose name there may be wildcards.
fn repository_arn(text: &str) -> std::result::Result<(), String> {
    let expected = "a repository of ECR, arn:aws:ecr:REGION:123456789012:repository/NAME";
    arns::regional(text, "ecr", "repository/", expected)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn call(arns: &[&str]) -> Result<Json> {
        let arns: Vec<_> = arns.iter().map(|&arn| arn.to_owned()).collect();
        let document = EcrReadPolicy::call(EcrReadPolicy { repository_arns: arns.into() })?;
        Ok(serde_json::from_str(&document).unwrap())
    }

    #[test]
    fn only_the_login_is_for_all_of_the_registry() {
        let arns = ["a", "b/*"]
            .map(|name| format!("arn:aws:ecr:eu-west-1:123456789012:repository/{name}"));
        let document = call(&arns.each_ref().map(String::as_str)).unwrap();
        let [login, read] = document["Statement"].as_array().unwrap().as_slice() else {
            panic!("{document:#}")
        };
        assert_eq!(login["Action"], "ecr:GetAuthorizationToken");
        assert_eq!(login["Resource"], "*");
        assert_eq!(read["Resource"], json!(arns));
        let actions = read["Action"].as_array().unwrap();
        assert!(actions.contains(&"ecr:BatchGetImage".into()), "{actions:?}");
        let writes = ["Put", "Delete", "Upload", "Set", "Create"];
        let text = read["Action"].to_string();
        assert!(!writes.iter().any(|word| text.contains(word)), "{text}");
    }

    #[test]
    fn all_repositories_have_to_be_asked_for() {
        let error = call(&[]).unwrap_err();
        assert_eq!(error.path().unwrap().to_string(), "repository_arns");
        assert_eq!(repository_arn("arn:aws:ecr:eu-west-1:123456789012:repository/*"), Ok(()));
        for bad in ["*", "shop", "arn:aws:ecr:eu-west-1:123456789012:repository/"] {
            assert!(repository_arn(bad).is_err(), "{bad}");
        }
        let role = repository_arn("arn:aws:iam::123456789012:role/x").unwrap_err();
        assert!(role.contains("repository of ECR"), "{role}");
    }
}
