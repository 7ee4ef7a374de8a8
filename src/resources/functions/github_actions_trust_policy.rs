//! Who may act with a role from GitHub Actions.

use super::policy;
use crate::framework::{Attr, Error, Function, Model, Result};

/// The trust policy of an IAM role for GitHub Actions: it lets the runs of some repositories call
/// `sts:AssumeRoleWithWebIdentity` with their OIDC tokens.
#[derive(Clone, Debug, Default, Model)]
pub struct GithubActionsTrustPolicy {
    /// ARN of the IAM OIDC provider for `https://token.actions.githubusercontent.com`, or for the
    /// issuer of a GitHub Enterprise server.
    #[attr(required, check = policy::oidc_provider_arn)]
    oidc_provider_arn: Attr<String>,
    /// Which runs may have the role: `OWNER/REPOSITORY:` and what GitHub says of the run after it,
    /// `ref:refs/heads/BRANCH`, `environment:NAME`, `pull_request`, or `*` for any. It may begin
    /// with `repo:`, as the tokens have it; `*` and `?` stand for any characters, though not in the
    /// owner. At least one.
    #[attr(check = subject)]
    subjects: Attr<Vec<String>>,
}

impl Function for GithubActionsTrustPolicy {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "github_actions_trust_policy";
    const SUMMARY: &'static str = "Trust policy for a role of GitHub Actions";
    const RETURNS: &'static str = "the policy document as JSON, for `assume_role_policy`.";
    const VARIADIC: bool = true;

    fn call(parameters: Self) -> Result<String> {
        let provider = parameters.oidc_provider_arn.require("oidc_provider_arn")?;
        let issuer = policy::issuer(provider).map_err(Error::invalid)?;
        let subjects = policy::some(
            &parameters.subjects,
            "subjects",
            "no subject is given; name the runs that may have the role, such as \
             \"example/shop:ref:refs/heads/main\"",
        )?;
        let subjects: Vec<_> =
            subjects.iter().map(|subject| format!("{REPO}{}", bare(subject))).collect();
        Ok(policy::document(&[policy::web_identity(provider, &issuer, &subjects)]))
    }
}

/// What every subject begins with.
const REPO: &str = "repo:";

fn bare(subject: &str) -> &str {
    subject.strip_prefix(REPO).unwrap_or(subject)
}

/// Rule of a subject: whose runs they are, and which of them, is said.
fn subject(text: &str) -> std::result::Result<(), String> {
    let (repository, run) = bare(text).split_once(':').unwrap_or((bare(text), ""));
    let (owner, name) = repository.split_once('/').unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
    if owner.is_empty() || !owner.chars().all(fits) {
        return Err(format!(
            "{text:?} does not name its owner; write OWNER/REPOSITORY:RUN, such as \
             \"example/shop:ref:refs/heads/main\""
        ));
    }
    if name.is_empty() || !name.chars().all(|c| fits(c) || c == '*' || c == '?') {
        return Err(format!("{text:?} does not name a repository of {owner:?}"));
    }
    if run.is_empty() {
        return Err(format!(
            "{text:?} does not say which runs: add \":ref:refs/heads/BRANCH\", \
             \":environment:NAME\", \":pull_request\", or \":*\" for all of them"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    const ISSUER: &str = "token.actions.githubusercontent.com";

    fn condition(subjects: &[&str]) -> Json {
        let subjects: Vec<_> = subjects.iter().map(|&subject| subject.to_owned()).collect();
        let document = GithubActionsTrustPolicy::call(GithubActionsTrustPolicy {
            oidc_provider_arn: format!("arn:aws:iam::123456789012:oidc-provider/{ISSUER}").into(),
            subjects: subjects.into(),
        });
        let mut document: Json = serde_json::from_str(&document.unwrap()).unwrap();
        document["Statement"][0]["Condition"].take()
    }

    #[test]
    fn a_subject_is_the_same_with_and_without_what_all_begin_with() {
        let (aud, sub) = (format!("{ISSUER}:aud"), format!("{ISSUER}:sub"));
        let expected = json!({ "StringEquals": {
            aud.clone(): "sts.amazonaws.com",
            sub.clone(): "repo:example/shop:environment:prod",
        } });
        assert_eq!(condition(&["example/shop:environment:prod"]), expected);
        assert_eq!(condition(&["repo:example/shop:environment:prod"]), expected);
        assert_eq!(
            condition(&["example/*:pull_request"]),
            json!({
                "StringEquals": { aud: "sts.amazonaws.com" },
                "StringLike": { sub: "repo:example/*:pull_request" },
            })
        );
    }

    #[test]
    fn a_subject_that_lets_in_too_many_is_refused() {
        for good in [
            "example/shop:*",
            "repo:example/shop:ref:refs/heads/main",
            "repo:example@1234/shop@5678:pull_request",
        ] {
            assert_eq!(subject(good), Ok(()), "{good}");
        }
        for (bad, rule) in [
            ("*", "owner"),
            ("repo:*", "owner"),
            ("*/shop:*", "owner"),
            ("exam*/shop:*", "owner"),
            ("shop:ref:refs/heads/main", "owner"),
            ("example/:ref:x", "repository"),
            ("example/shop", "which runs"),
            ("repo:example/shop:", "which runs"),
        ] {
            let broken = subject(bad).unwrap_err();
            assert!(broken.contains(rule), "{broken}");
        }
    }
}
