//! What the user can do about an error of AWS.

use std::sync::LazyLock;

use regex::Regex;

use super::class::Class;
use crate::clients::aws::trace::Answered;

/// How IAM words a refusal. The resource is not always there.
static REFUSAL: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = concat!(
        r"(?<who>arn:\S+) is not authorized to perform: (?<action>[\w-]+:\w+)",
        r"(?: on resource: (?<on>\S+))?",
    );
    Regex::new(pattern).expect("the pattern is a constant that the tests try")
});

/// Advice on an error of that class, if there is any beyond the message itself.
pub(super) fn on(
    class: Class,
    code: &str,
    message: &str,
    site: Option<&Answered>,
) -> Option<String> {
    match class {
        Class::Forbidden => Some(permission(message)),
        Class::Unauthenticated => Some(credentials(code, message, site)),
        Class::Failed if code.contains("LimitExceeded") => Some(
            "A quota of the account or of the object is used up. Remove something, or ask for \
             more in the Service Quotas console."
                .to_owned(),
        ),
        _ => None,
    }
}

fn permission(message: &str) -> String {
    let Some(refusal) = REFUSAL.captures(message) else {
        return "The credentials of this run lack a permission for the call, or a policy of the \
                organisation forbids it."
            .to_owned();
    };
    let (who, action) = (&refusal["who"], &refusal["action"]);
    let on = refusal.name("on").map_or("the object", |on| on.as_str().trim_end_matches(['.', ',']));
    if message.contains("explicit deny") {
        return format!(
            "A policy denies {action} explicitly, and no permission outweighs that: look for the \
             Deny in the policies of {who}, its permissions boundary, the session policy and the \
             service control policies of the organisation."
        );
    }
    match action {
        "sts:AssumeRole" | "sts:TagSession" => format!(
            "The trust policy of {on} has to allow {action} to {who}, and {who} needs a policy \
             that allows {action} on {on}."
        ),
        "iam:PassRole" => format!(
            "Allow iam:PassRole on {on} to {who}: handing a role to a service needs that beside \
             the permission for the call itself."
        ),
        _ => format!("Allow {action} on {on} to {who}."),
    }
}

fn credentials(code: &str, message: &str, site: Option<&Answered>) -> String {
    let origin = site.and_then(|site| site.credentials.as_ref());
    let origin = origin.map(|origin| format!("The credentials came from {origin}. "));
    let skewed = code.contains("Skew")
        || ["Signature expired", "Signature not yet current"].iter().any(|it| message.contains(it));
    let cure = if skewed {
        "The clock of this machine differs from that of AWS by minutes: set it."
    } else if code.contains("Expired") {
        "The credentials have expired: renew them (for SSO run `aws sso login`, in CI start the job again)."
    } else if code.contains("IdentityToken") || code.contains("IDPRejected") {
        "The token was not accepted: check that its issuer is a provider in IAM, and its audience \
         and subject against the trust policy of the role."
    } else if code.contains("Signature") {
        "The secret key does not belong to the access key, or it was changed on the way (a stray \
         blank, a wrong variable)."
    } else {
        "AWS does not know the credentials: they may be deleted, deactivated, of another \
         partition, or lack their session token."
    };
    format!("{}{cure}", origin.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: &str = "arn:aws:sts::123456789012:assumed-role/ci/session";

    #[test]
    fn a_refusal_names_the_action_the_object_and_the_principal() {
        let message = format!(
            "User: {WHO} is not authorized to perform: eks:CreateCapability on resource: \
             arn:aws:eks:eu-west-1:123456789012:cluster/main because no identity-based policy \
             allows the eks:CreateCapability action"
        );
        assert_eq!(
            on(Class::Forbidden, "AccessDeniedException", &message, None).unwrap(),
            format!(
                "Allow eks:CreateCapability on arn:aws:eks:eu-west-1:123456789012:cluster/main to \
                 {WHO}."
            )
        );
    }

    #[test]
    fn an_explicit_deny_is_not_answered_with_a_permission() {
        let message = format!(
            "User: {WHO} is not authorized to perform: iam:CreateRole on resource: \
             arn:aws:iam::123456789012:role/x with an explicit deny in a service control policy"
        );
        let advice = permission(&message);
        assert!(advice.starts_with("A policy denies iam:CreateRole explicitly"), "{advice}");
    }

    #[test]
    fn passing_and_assuming_roles_have_their_own_advice() {
        let refusal = |action: &str| {
            permission(&format!(
                "User: {WHO} is not authorized to perform: {action} on resource: \
                 arn:aws:iam::123456789012:role/x"
            ))
        };
        assert!(refusal("iam:PassRole").starts_with("Allow iam:PassRole on arn:aws:iam::"));
        assert!(refusal("sts:AssumeRole").starts_with("The trust policy of arn:aws:iam::"));
    }

    #[test]
    fn bad_credentials_are_named_with_what_is_wrong_with_them() {
        let site = Answered::for_tests("sts.eu-west-1.amazonaws.com", "the keys of the block");
        let advice =
            |code, message| on(Class::Unauthenticated, code, message, Some(&site)).unwrap();
        assert!(advice("ExpiredToken", "").starts_with(
            "The credentials came from the keys of the block. The credentials have expired"
        ));
        assert!(advice("InvalidClientTokenId", "").contains("does not know the credentials"));
        assert!(advice("SignatureDoesNotMatch", "The request signature").contains("secret key"));
        let skew = "Signature expired: 20260314T150926Z is now earlier than 20260314T160000Z";
        assert!(advice("SignatureDoesNotMatch", skew).contains("clock of this machine"));
        assert!(advice("InvalidIdentityToken", "").contains("audience"));
    }
}
