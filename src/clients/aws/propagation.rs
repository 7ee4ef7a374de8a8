//! Errors that pass by themselves: what was just made in IAM or EKS is not seen
//! everywhere at once.
//!
//! Each question names the call it is for; asked of another call's error it may
//! take a mistake for a delay. Some delays cannot be told from mistakes, so a
//! wait for them has a limit, and what can be checked is checked before it.
//!
//! ```text
//! let create = || async { eks.create_capability()….send().await.operation("CreateCapability") };
//! propagation::retry(cx.deadline(), trust_not_propagated, create).await
//! ```

use std::time::Duration;

use crate::framework::wait::{self, Deadline, Pace};
use crate::framework::{Error, Result};

/// How long propagation is waited for. IAM promises nothing; two minutes is the
/// customary limit of tools that wait for it.
pub const LIMIT: Duration = Duration::from_mins(2);

/// How often to ask meanwhile.
const PACE: Pace = Pace::new(Duration::from_millis(500), Duration::from_secs(5));

/// Calls again while an error `passes` as what was made spreads, for at most [`LIMIT`].
///
/// # Errors
/// The call's own; and when the deadline has passed or the run was stopped.
pub async fn retry<T, F>(
    deadline: &Deadline,
    passes: impl Fn(&Error) -> bool,
    call: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    wait::retry_for(deadline, LIMIT, PACE, passes, call).await
}

/// The service does not see the role's trust policy yet, or the policy is
/// wrong: `CreateCapability`, `UpdateCapability`, and the same of pod identity
/// associations and clusters.
///
/// Read the role's trust policy first: where it lacks the service or
/// `sts:TagSession`, waiting does not help.
pub fn trust_not_propagated(error: &Error) -> bool {
    let texts = [
        "trust policy for the provided role is invalid",
        "trust policy of the role provided is invalid",
        "could not be assumed because it does not exist or the trusted entity is not correct",
    ];
    error.api_code() == Some("InvalidParameterException") && says(error, &texts)
}

/// The service does not see the role yet: pod identity associations.
pub fn role_not_visible(error: &Error) -> bool {
    error.api_code() == Some("InvalidParameterException")
        && says(error, &["role provided in the request does not exist"])
}

/// IAM itself does not see a role yet: its calls about a role that was just
/// made, since one of its servers may have heard of it and another not.
pub fn new_role_not_found(error: &Error) -> bool {
    error.is_not_found() && says(error, &["the role with name"])
}

/// The service does not see the principal yet, or there is none:
/// `CreateAccessEntry`, and IAM's own `CreateRole` and
/// `UpdateAssumeRolePolicy`, whose documents may name a new role or provider.
pub fn principal_not_visible(error: &Error) -> bool {
    match error.api_code() {
        Some("InvalidParameterException") => {
            says(error, &["principalarn is invalid: invalid principal"])
        }
        Some("MalformedPolicyDocument" | "MalformedPolicyDocumentException") => {
            says(error, &["invalid principal in policy", "invalid federated principal"])
        }
        _ => false,
    }
}

/// The access entry is not seen yet: `AssociateAccessPolicy` right after
/// `CreateAccessEntry` or the creation of a capability.
pub fn entry_not_visible(error: &Error) -> bool {
    error.is_not_found() && says(error, &["specified principalarn could not be found"])
}

/// The role may not be assumed yet: `AssumeRole` of a role that was just made.
/// Not to be asked about roles that the configuration names.
pub fn role_not_assumable(error: &Error) -> bool {
    error.is_forbidden() && says(error, &["not authorized to perform: sts:assumerole"])
}

/// Attachments that are gone are still seen: `DeleteRole` after its policies
/// and instance profiles were detached.
pub fn delete_conflict(error: &Error) -> bool {
    has_code(error, "DeleteConflict")
}

/// Somebody else changes the object right now, or it is being made again: IAM.
/// The SDK does not try again by itself.
pub fn concurrent_modification(error: &Error) -> bool {
    has_code(error, "ConcurrentModification") || has_code(error, "EntityTemporarilyUnmodifiable")
}

/// The object was made and is not there yet: reads of IAM and ECR right after a
/// creation, and only then.
pub fn not_readable_yet(error: &Error) -> bool {
    error.is_not_found()
}

/// A principal of the policy is not seen yet, or the policy is wrong: `SetRepositoryPolicy`, which
/// says the same of both. Not to be asked about policies that name nobody in particular.
pub fn repository_policy_refused(error: &Error) -> bool {
    error.api_code() == Some("InvalidParameterException")
        && says(error, &["invalid repository policy provided"])
}

/// A service-linked role is on its way: any call of EKS.
pub fn service_role_pending(error: &Error) -> bool {
    has_code(error, "ResourcePropagationDelay")
}

fn has_code(error: &Error, stem: &str) -> bool {
    error.api_code().is_some_and(|code| code.strip_suffix("Exception").unwrap_or(code) == stem)
}

/// AWS changes the case of its messages now and then.
fn says(error: &Error, texts: &[&str]) -> bool {
    let message = error.message().to_lowercase();
    texts.iter().any(|text| message.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Question = fn(&Error) -> bool;

    fn invalid(message: &str) -> Error {
        Error::invalid(message).code("InvalidParameterException")
    }

    /// Messages as users of AWS have written them down.
    #[test]
    fn each_question_knows_its_own_message() {
        let passing: [(Question, Error); 14] = [
            (
                trust_not_propagated,
                invalid(
                    "The trust policy for the provided role is invalid. The policy must allow \
                         capabilities.eks.amazonaws.com to perform sts:AssumeRole",
                ),
            ),
            (trust_not_propagated, invalid("Trust policy of the role provided is invalid")),
            (
                trust_not_propagated,
                invalid(
                    "Role with arn x could not be assumed because it does not exist or the \
                         trusted entity is not correct",
                ),
            ),
            (role_not_visible, invalid("Role provided in the request does not exist")),
            (
                new_role_not_found,
                Error::not_found("The role with name shop cannot be found.").code("NoSuchEntity"),
            ),
            (
                principal_not_visible,
                invalid("The specified principalArn is invalid: invalid principal."),
            ),
            (
                principal_not_visible,
                Error::invalid("Invalid principal in policy: \"AWS\":\"arn:aws:iam::1:role/x\"")
                    .code("MalformedPolicyDocument"),
            ),
            (
                entry_not_visible,
                Error::not_found("The specified principalArn could not be found. You can view…")
                    .code("ResourceNotFoundException"),
            ),
            (
                role_not_assumable,
                Error::forbidden(
                    "User: x is not authorized to perform: sts:AssumeRole on resource: y",
                )
                .code("AccessDenied"),
            ),
            (delete_conflict, Error::conflict("must detach").code("DeleteConflict")),
            (concurrent_modification, Error::conflict("x").code("ConcurrentModification")),
            (
                concurrent_modification,
                Error::conflict("x").code("EntityTemporarilyUnmodifiableException"),
            ),
            (
                repository_policy_refused,
                invalid(
                    "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid \
                         repository policy provided'",
                ),
            ),
            (service_role_pending, Error::failed("x").code("ResourcePropagationDelayException")),
        ];
        for (question, error) in passing {
            assert!(question(&error), "{error:?}");
        }
    }

    #[test]
    fn mistakes_are_not_taken_for_delays() {
        let mistakes = [
            invalid(
                "kubernetes group name system:masters is invalid, it cannot start with system:",
            ),
            invalid(
                "The specified principalArn is the principalArn value of a Service Linked Role",
            ),
            invalid("policyArn can only be associated with service-linked roles"),
            Error::invalid("Has prohibited field Resource").code("MalformedPolicyDocument"),
            Error::not_found("No cluster found for name: main.").code("ResourceNotFoundException"),
            Error::forbidden("User: x is not authorized to perform: iam:PassRole")
                .code("AccessDenied"),
            Error::conflict("in use").code("ResourceInUseException"),
            Error::not_found(
                "Policy arn:aws:iam::aws:policy/x does not exist or is not attachable.",
            )
            .code("NoSuchEntity"),
        ];
        let questions: [Question; 10] = [
            trust_not_propagated,
            role_not_visible,
            new_role_not_found,
            principal_not_visible,
            entry_not_visible,
            role_not_assumable,
            delete_conflict,
            concurrent_modification,
            repository_policy_refused,
            service_role_pending,
        ];
        for error in &mistakes {
            for question in questions {
                assert!(!question(error), "{error:?}");
            }
        }
    }
}
