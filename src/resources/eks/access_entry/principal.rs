//! Whether the principal of an entry is still the one that the entry was made for.
//!
//! EKS remembers a role or user by its unique id. One that is deleted and made again has the same
//! ARN and another id, so its entry looks as before and lets nobody in. The API does not show the
//! id; IAM does, and when the principal was made.

use std::time::Duration;

use aws_sdk_eks::types::AccessEntry as Entry;
use aws_smithy_types::DateTime;
use serde::{Deserialize, Serialize};

use crate::clients::arn::Arn;
use crate::clients::aws::OperationResult;
use crate::framework::Result;
use crate::resources::Operation;

/// A role or user, as IAM has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Principal {
    /// `AROA…` or `AIDA…`: another one when it is made again.
    id: String,
    created: DateTime,
}

/// Remembered: which principal was there for which entry, the last time that both were seen.
const SEEN: &str = "principal";
/// Remembered of an entry whose principal was found to be another one.
const DEAD: &str = "dead";

#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    entry: String,
    id: String,
}

/// How long IAM is asked: it is not needed to read an entry, and not everybody can reach it.
const PATIENCE: Duration = Duration::from_secs(5);

/// The principal of an entry, if IAM shows it: one of the cluster's account, to somebody who may
/// look.
pub(super) async fn find(
    cx: &Operation,
    entry_arn: &str,
    principal_arn: &str,
) -> Option<Principal> {
    let arn = own(entry_arn, principal_arn)?;
    let name = arn.resource.rsplit('/').next().unwrap_or_default();
    let found = cx.at_most(PATIENCE).bound(look_up(cx, arn.kind(), name, principal_arn)).await;
    found.unwrap_or_else(|error| {
        tracing::debug!(principal_arn, error = %error, "the principal cannot be seen");
        None
    })
}

/// The ARN of the principal, if it is of the account of the entry: IAM's calls find no others.
fn own(entry_arn: &str, principal_arn: &str) -> Option<Arn> {
    let (entry, principal): (Arn, Arn) = (entry_arn.parse().ok()?, principal_arn.parse().ok()?);
    (entry.account == principal.account).then_some(principal)
}

async fn look_up(cx: &Operation, kind: &str, name: &str, arn: &str) -> Result<Option<Principal>> {
    let iam = cx.provider().iam().await?;
    let (found, id, created) = match kind {
        "role" => {
            let answer = iam.get_role().role_name(name).send().await.operation("GetRole")?;
            let Some(role) = answer.role else { return Ok(None) };
            (role.arn, role.role_id, role.create_date)
        }
        "user" => {
            let answer = iam.get_user().user_name(name).send().await.operation("GetUser")?;
            let Some(user) = answer.user else { return Ok(None) };
            (user.arn, user.user_id, user.create_date)
        }
        _ => return Ok(None),
    };
    // A name is there once, whatever the path: this may be another one.
    Ok((found == arn).then_some(Principal { id, created }))
}

/// Whether an entry is older than its principal, and so was made for another one.
pub(super) fn is_older(entry: &Entry, principal: &Principal) -> bool {
    entry.created_at().is_some_and(|entry| entry.secs() < principal.created.secs())
}

/// Looks whether the entry lets its principal in, and notes it.
pub(super) async fn look(cx: &Operation, entry: &Entry) {
    let arn = entry.access_entry_arn().unwrap_or_default();
    let principal = find(cx, arn, entry.principal_arn().unwrap_or_default()).await;
    note(cx, entry, principal.as_ref());
}

fn note(cx: &Operation, entry: &Entry, principal: Option<&Principal>) {
    let (Some(arn), Some(principal)) = (entry.access_entry_arn(), principal) else {
        return cx.forget(DEAD);
    };
    let seen = cx.recall::<Seen>(SEEN).filter(|seen| seen.entry == arn);
    let is_another = seen.is_some_and(|seen| seen.id != principal.id);
    if is_another || is_older(entry, principal) {
        cx.remember(DEAD, true);
    } else {
        cx.forget(DEAD);
        cx.remember(SEEN, Seen { entry: arn.to_owned(), id: principal.id.clone() });
    }
}

/// Whether the entry lets nobody in, as far as was seen when it was looked at last.
pub(super) fn is_dead(cx: &Operation) -> bool {
    cx.recall::<bool>(DEAD).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str =
        "arn:aws:eks:eu-west-1:123456789012:access-entry/main/role/123456789012/ci/0f";

    #[test]
    fn an_entry_that_is_older_than_its_role_was_made_for_another_one() {
        let entry = |seconds| Entry::builder().created_at(DateTime::from_secs(seconds)).build();
        let role = Principal { id: "AROA1".to_owned(), created: DateTime::from_secs(100) };
        assert!(is_older(&entry(99), &role));
        // IAM tells whole seconds.
        assert!(!is_older(&entry(100), &role));
        assert!(!is_older(&entry(101), &role));
        assert!(!is_older(&Entry::builder().build(), &role));
    }

    #[test]
    fn principals_of_other_accounts_are_not_looked_for() {
        let role = |account| format!("arn:aws:iam::{account}:role/team/ci");
        assert_eq!(own(ENTRY, &role("123456789012")).unwrap().kind(), "role");
        assert_eq!(own(ENTRY, &role("210987654321")), None);
        assert_eq!(own("", &role("123456789012")), None);
    }
}
