//! ARNs as arguments, in whose resources `*` and `?` stand for any characters.

use crate::clients::arn::Arn;
use crate::framework::checks::{account_id, iam_role_arn, region};

/// Rule of the ARN of a thing that is in a Region and an account: of `service`, with a resource
/// that begins with `prefix` and goes on. `expected` says what it is and how it is written.
pub(super) fn regional(
    text: &str,
    service: &str,
    prefix: &str,
    expected: &str,
) -> Result<(), String> {
    let arn: Arn = text.parse()?;
    let name = arn.resource.strip_prefix(prefix).filter(|name| !name.is_empty());
    let located = region(&arn.region).is_ok() && account_id(&arn.account).is_ok();
    if arn.service == service && located && name.is_some() {
        return Ok(());
    }
    Err(format!("{text:?} is not the ARN of {expected}"))
}

/// Rule of the ARN of a role, in whose path and name there may be wildcards.
pub(super) fn role(text: &str) -> Result<(), String> {
    // What a wildcard stands for is not looked at; what is left must fit.
    let plain = text.replace(['*', '?'], "x");
    iam_role_arn(&plain).map_err(|rule| rule.replace(&plain, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_of_its_service_region_and_account() {
        let check = |text: &str| regional(text, "codecommit", "", "a repository of CodeCommit");
        assert_eq!(check("arn:aws:codecommit:eu-west-1:123456789012:shop-*"), Ok(()));
        for bad in [
            "shop",
            "arn:aws:codecommit::123456789012:shop",
            "arn:aws:codecommit:eu-west-1::shop",
            "arn:aws:ecr:eu-west-1:123456789012:shop",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        let rule = check("arn:aws:ecr:eu-west-1:123456789012:repository/shop").unwrap_err();
        assert!(rule.ends_with("is not the ARN of a repository of CodeCommit"), "{rule}");
    }

    #[test]
    fn a_role_may_be_any_of_several() {
        assert_eq!(role("arn:aws:iam::123456789012:role/kargo-project-*"), Ok(()));
        assert_eq!(role("arn:aws:iam::123456789012:role/teams/*/deployer"), Ok(()));
        for bad in ["*", "kargo-project-*", "arn:aws:iam::123456789012:user/kargo-*"] {
            let rule = role(bad).unwrap_err();
            assert!(rule.contains(&format!("{bad:?}")), "{rule}");
        }
    }
}
