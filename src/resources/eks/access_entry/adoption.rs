//! Entries that were there before they were managed.

use aws_sdk_eks::Client;
use aws_sdk_eks::types::AccessEntry as Entry;

use super::policies::disassociate;
use super::{AccessEntry, describe};
use crate::clients::aws::OperationResult;
use crate::framework::{Attr, Error, Path, Result};
use crate::resources::{Operation, tags};

/// Remembered of an entry that was there before it was managed.
const ADOPTED: &str = "adopted";

/// Whether the entry was there before it was managed.
pub(super) fn is_adopted(cx: &Operation) -> bool {
    cx.recall::<bool>(ADOPTED).unwrap_or_default()
}

pub(super) async fn adopt(
    cx: &Operation,
    eks: &Client,
    planned: &AccessEntry,
    refused: Error,
) -> Result<Entry> {
    let found = match describe(eks, planned).await {
        Ok(found) => found,
        Err(error) if error.is_not_found() => return Err(refused),
        Err(error) => return Err(error),
    };
    if found.r#type.as_deref() != planned.r#type.as_str() {
        return Err(refused.at("type").advise(format!(
            "The principal has an entry of the type {} already. An entry keeps its type: delete \
             that one, or configure its type.",
            found.r#type.as_deref().unwrap_or("unknown")
        )));
    }
    cx.warn(
        Path::root(),
        "Adopted an existing access entry",
        format!(
            "The entry of {} was there already, perhaps made by EKS for a capability. What the \
             configuration sets is added to it; a destroy takes that away and leaves the entry.",
            planned.principal_arn.as_str().unwrap_or_default()
        ),
    );
    cx.remember(ADOPTED, true);
    let mut entry = found.clone();
    let groups = planned.groups().filter(|groups| {
        let live = found.kubernetes_groups();
        groups.len() != live.len() || groups.iter().any(|group| !live.contains(group))
    });
    if groups.is_some()
        || planned.user_name.known().is_some_and(|name| found.username() != Some(name))
    {
        let answer = eks
            .update_access_entry()
            .set_cluster_name(planned.cluster_name.known().cloned())
            .set_principal_arn(planned.principal_arn.known().cloned())
            .set_kubernetes_groups(planned.groups().or(found.kubernetes_groups.clone()))
            .set_username(planned.user_name.known().cloned())
            .send()
            .await
            .operation("UpdateAccessEntry")?;
        entry = answer.access_entry.unwrap_or(entry);
    }
    // Tags of others stay: only what is configured is set.
    let arn = entry.access_entry_arn.clone().unwrap_or_default();
    tags::update(cx, eks, &arn, &Attr::Null, &planned.tags_all).await?;
    entry.tags = tags::to_api(&planned.tags_all);
    Ok(entry)
}

/// Takes what was added away from an adopted entry, and leaves it.
pub(super) async fn give_back(cx: &Operation, eks: &Client, state: &AccessEntry) -> Result<()> {
    let live = describe(eks, state).await?;
    for association in state.associations() {
        disassociate(cx, eks, state, &association).await?;
    }
    if let Some(ours) = state.groups() {
        let left = live.kubernetes_groups().iter().filter(|group| !ours.contains(group));
        eks.update_access_entry()
            .set_cluster_name(state.cluster_name.known().cloned())
            .set_principal_arn(state.principal_arn.known().cloned())
            .set_kubernetes_groups(Some(left.cloned().collect()))
            .send()
            .await
            .operation("UpdateAccessEntry")?;
    }
    let arn = live.access_entry_arn().unwrap_or_default();
    tags::update(cx, eks, arn, &state.tags_all, &Attr::Null).await
}
