//! The access entry that EKS makes for the role of a capability.

use aws_sdk_eks::Client;
use aws_sdk_eks::types::{AccessEntry, Capability};

use super::Name;
use super::calls::describe;
use crate::clients::aws::OperationResult;
use crate::framework::{Error, Path, Result};
use crate::resources::Operation;

/// Remembered of a capability: the roles for which EKS made an access entry with it.
const MADE_FOR: &str = "made_access_entries";
/// How soon after its capability an entry is made that EKS made for it.
const WITH_IT: i64 = 60;

/// Looks, before a capability is made or gets another role, whether that has an
/// access entry already; one that is not there is EKS's to make, and ours to
/// clear away.
///
/// Whoever may not look leaves the entry where it is in the end.
pub(super) async fn note(cx: &Operation, eks: &Client, name: &Name, role_arn: &str) {
    let made = match entry(eks, name, role_arn).await {
        Err(error) => error.is_not_found(),
        // What a destroy left that was killed before it came to the entry.
        Ok(_) => given(eks, name, role_arn).await.is_ok_and(|given| given == Given::ByEks),
    };
    if made {
        remember(cx, role_arn);
    }
}

/// The same for a capability that was there before it was managed.
pub(super) async fn note_of(cx: &Operation, eks: &Client, name: &Name, found: &Capability) {
    let Some(role_arn) = found.role_arn() else { return };
    let Ok(entry) = entry(eks, name, role_arn).await else { return };
    let seconds =
        |time: Option<&aws_smithy_types::DateTime>| time.map(aws_smithy_types::DateTime::secs);
    let made = seconds(entry.created_at()).zip(seconds(found.created_at()));
    if made.is_some_and(|(entry, capability)| (0..=WITH_IT).contains(&(entry - capability))) {
        remember(cx, role_arn);
    }
}

fn made_for(cx: &Operation) -> Vec<String> {
    cx.recall(MADE_FOR).unwrap_or_default()
}

fn remember(cx: &Operation, role_arn: &str) {
    let mut roles = made_for(cx);
    if !roles.iter().any(|role| role == role_arn) {
        roles.push(role_arn.to_owned());
        cx.remember(MADE_FOR, roles);
    }
}

/// Clears away the access entries that EKS made with a capability and left
/// behind, but for the role that it has by now, if it is still there: without the
/// capability they would let a role of that name in.
pub(super) async fn remove(
    cx: &Operation,
    eks: &Client,
    name: &Name,
    still: Option<&str>,
) -> Result<()> {
    let (kept, left): (Vec<_>, Vec<_>) =
        made_for(cx).into_iter().partition(|role| Some(role.as_str()) == still);
    for role_arn in left {
        match remove_of(eks, name, &role_arn).await {
            Err(error) if error.is_forbidden() => cx.warn(
                Path::root(),
                "The access entry of the capability's role stays",
                format!(
                    "EKS made the entry of {role_arn} with the capability, and it cannot be \
                     removed: {error}"
                ),
            ),
            done => done?,
        }
    }
    cx.remember(MADE_FOR, kept);
    Ok(())
}

async fn remove_of(eks: &Client, name: &Name, role_arn: &str) -> Result<()> {
    // Somebody else's policies are an access entry resource's, whose entry stays when the
    // capability is replaced; and one role may serve several capabilities, of which the last one
    // takes the entry along.
    if given(eks, name, role_arn).await? == Given::ByOthers
        || serves_another(eks, name, role_arn).await?
    {
        return Ok(());
    }
    let deleted = eks
        .delete_access_entry()
        .cluster_name(&name.cluster)
        .principal_arn(role_arn)
        .send()
        .await
        .operation("DeleteAccessEntry");
    match deleted {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// Whether another capability of the cluster acts with this role.
async fn serves_another(eks: &Client, name: &Name, role_arn: &str) -> Result<bool> {
    let mut others =
        eks.list_capabilities().cluster_name(&name.cluster).into_paginator().items().send();
    while let Some(other) = others.next().await {
        let other = other.operation("ListCapabilities")?;
        let Some(capability) = other.capability_name else { continue };
        if capability == name.capability {
            continue;
        }
        let other = Name { cluster: name.cluster.clone(), capability };
        match describe(eks, &other).await {
            Ok(found) if found.role_arn() == Some(role_arn) => return Ok(true),
            // Gone meanwhile.
            Err(error) if !error.is_not_found() => return Err(error),
            _ => {}
        }
    }
    Ok(false)
}

/// Who has given the entry of a role its policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    /// It has none.
    Nothing,
    /// EKS, with a capability.
    ByEks,
    /// Somebody else, at least one of them.
    ByOthers,
}

async fn given(eks: &Client, name: &Name, role_arn: &str) -> Result<Given> {
    let found = eks
        .list_associated_access_policies()
        .cluster_name(&name.cluster)
        .principal_arn(role_arn)
        .send()
        .await
        .operation("ListAssociatedAccessPolicies");
    let of_eks = |arn: &str| {
        let policy = arn.rsplit('/').next().unwrap_or_default();
        GIVEN.iter().any(|start| policy.starts_with(start))
    };
    match found {
        Ok(found) => {
            let policies = found.associated_access_policies();
            let all_of_eks = policies.iter().all(|policy| policy.policy_arn().is_some_and(of_eks));
            Ok(match policies {
                [] => Given::Nothing,
                _ if all_of_eks => Given::ByEks,
                _ => Given::ByOthers,
            })
        }
        // Gone already, or not to be seen: the deletion tells.
        Err(error) if error.is_not_found() || error.is_forbidden() => Ok(Given::Nothing),
        Err(error) => Err(error),
    }
}

/// How the names of the policies begin that EKS gives to the roles of capabilities.
const GIVEN: [&str; 3] = ["AmazonEKSArgoCD", "AmazonEKSACK", "AmazonEKSKRO"];

async fn entry(eks: &Client, name: &Name, role_arn: &str) -> Result<AccessEntry> {
    eks.describe_access_entry()
        .cluster_name(&name.cluster)
        .principal_arn(role_arn)
        .send()
        .await
        .operation("DescribeAccessEntry")?
        .access_entry
        .ok_or_else(|| Error::bug("EKS described no access entry"))
}
