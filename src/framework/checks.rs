//! Rules for values, as pure functions.
//!
//! A check of one text is a function `fn(&str) -> Result<(), String>`: its
//! error is the broken rule in words that a user can act on, in lower case and
//! with the text itself, ready to follow "breaks a rule:". Checks accept what
//! is well formed; whether a thing exists is not theirs to say, so the made-up
//! values of a test or of Terragrunt's mock outputs pass.
//!
//! A rule over several values reports [`Finding`]s.

mod arn;
mod aws;
mod constraint;
mod cron;
mod dates;
mod documents;
mod duration;
mod finding;
mod glob;
mod kubernetes;
mod re2;
mod urls;

pub use arn::{
    arn, eks_access_policy_arn, eks_cluster_arn, iam_policy_arn, iam_principal_arn, iam_role_arn,
    idc_instance_arn, kms_key_arn, secrets_manager_arn,
};
pub use aws::{account_id, region, tag_key, tag_value};
pub use constraint::{Constraint, semver_constraint};
pub use cron::cron_schedule;
pub use dates::{rfc3339, time_zone};
pub use documents::{json, json_object, policy_document};
pub use duration::{go_duration, kargo_duration, parse_go_duration, same_go_duration};
pub use finding::{Finding, Findings, exactly_one};
pub use glob::{glob, kargo_pattern};
pub use kubernetes::{
    SERVER_METADATA, annotation_key, dns_label, dns_subdomain, label_key, label_value, namespace,
};
pub use re2::regex;
pub use urls::{chart_repo_url, email, git_url, image_repo, url_http};

/// What every check returns.
type Check = Result<(), String>;

/// `Ok` when `holds`, else the words of `rule`.
fn ensure(holds: bool, rule: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(rule()) }
}

#[cfg(test)]
mod tests {
    use super::Check;

    /// Asserts that a check accepts all of these.
    pub(super) fn accepts(check: fn(&str) -> Check, values: &[&str]) {
        for value in values {
            assert_eq!(check(value), Ok(()), "{value:?} should be accepted");
        }
    }

    /// Asserts that a check refuses all of these, in the form that every
    /// message has.
    pub(super) fn refuses(check: fn(&str) -> Check, values: &[&str]) {
        for value in values {
            let rule = check(value).expect_err(&format!("{value:?} should be refused"));
            assert!(!rule.ends_with('.') && !rule.ends_with('\n'), "ends badly: {rule}");
            assert!(!rule.starts_with(char::is_uppercase), "starts with a capital: {rule}");
        }
    }
}
