//! Entries that were there before they were managed, and entries that have to be made anew.

use std::collections::BTreeMap;

use aws_sdk_eks::Client;
use aws_sdk_eks::types::{AccessEntry as Entry, AssociatedAccessPolicy};
use serde::{Deserialize, Serialize};

use super::policies::{self, AccessScope, disassociate, same_policy};
use super::{AccessEntry, describe, make, principal};
use crate::clients::aws::OperationResult;
use crate::framework::{Attr, Error, Path, Result};
use crate::resources::{Operation, tags};

/// Remembered of an entry that was there before it was managed.
const ADOPTED: &str = "adopted";

type Tags = Attr<BTreeMap<String, String>>;

/// How an entry was when it was adopted, which is how a destroy leaves it.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Before {
    groups: Vec<String>,
    user_name: Option<String>,
    tags: BTreeMap<String, String>,
    policies: Vec<Policy>,
}

/// A policy that was associated: its ARN, and its namespaces; none for the whole cluster.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Policy {
    arn: String,
    namespaces: Vec<String>,
}

impl Before {
    /// What was there and is not as planned. What is just as planned may be what an apply of this
    /// very configuration left when it was killed, so it goes with the resource: kept, it would let
    /// somebody in for whom nobody is responsible any more.
    fn of(entry: &Entry, policies: Vec<AssociatedAccessPolicy>, planned: &AccessEntry) -> Self {
        let policy = |policy: AssociatedAccessPolicy| {
            let namespaces = policy.access_scope.and_then(|scope| scope.namespaces);
            Some(Policy { arn: policy.policy_arn?, namespaces: namespaces.unwrap_or_default() })
        };
        let sorted = |mut texts: Vec<String>| {
            texts.sort();
            texts
        };
        let ours = planned.associations();
        let is_planned = |found: &Policy| {
            ours.iter().any(|ours| {
                let scope = AccessScope::to_api(ours.access_scope.known());
                ours.policy_arn.as_str().is_some_and(|arn| same_policy(arn, &found.arn))
                    && sorted(scope.namespaces().to_vec()) == sorted(found.namespaces.clone())
            })
        };
        let groups = entry.kubernetes_groups().to_vec();
        let planned_groups = planned.groups().map(sorted);
        let groups_are_planned = planned_groups == Some(sorted(groups.clone()));
        let planned_tags = planned.tags_all.known();
        let tags = entry.tags.clone().unwrap_or_default().into_iter();
        let user_name = entry.username.clone();
        Self {
            groups: if groups_are_planned { Vec::new() } else { groups },
            user_name: user_name.filter(|name| planned.user_name.known() != Some(name)),
            tags: tags
                .filter(|(key, value)| {
                    planned_tags.and_then(|planned| planned.get(key)) != Some(value)
                })
                .collect(),
            policies: policies
                .into_iter()
                .filter_map(policy)
                .filter(|policy| !is_planned(policy))
                .collect(),
        }
    }

    /// The groups that are to stay: what was there, and what others have added since.
    fn groups_without(&self, ours: &[String], live: &[String]) -> Vec<String> {
        let others = live.iter().filter(|group| !ours.contains(group));
        let mut groups = self.groups.clone();
        groups.extend(others.filter(|group| !self.groups.contains(group)).cloned());
        groups
    }

    /// What the tags of these keys were.
    fn tags_of(&self, keys: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let both = self.tags.iter().filter(|(key, _)| keys.contains_key(*key));
        both.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

/// Whether the entry was there before it was managed.
pub(super) fn is_adopted(cx: &Operation) -> bool {
    cx.recall::<Before>(ADOPTED).is_some()
}

/// Leaves out of what was read the tags that were there before and are not ours, since nobody asked
/// for their end.
pub(super) fn leave_tags(cx: &Operation, ours: &Tags, read: &mut Tags) {
    let Some(before) = cx.recall::<Before>(ADOPTED) else { return };
    if let (Attr::Known(ours), Attr::Known(read)) = (ours, read) {
        read.retain(|key, _| ours.contains_key(key) || !before.tags.contains_key(key));
    }
}

/// Takes over the entry that is there, and adds to it what is planned.
pub(super) async fn adopt(
    cx: &Operation,
    eks: &Client,
    planned: &AccessEntry,
    refused: Error,
) -> Result<Entry> {
    let mut found = match describe(eks, planned).await {
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
             configuration sets is added to it; a destroy gives it back as it was.",
            planned.principal_arn.as_str().unwrap_or_default()
        ),
    );
    let before = policies::associated(eks, planned).await?;
    cx.remember(ADOPTED, Before::of(&found, before, planned));
    let arn = found.access_entry_arn.clone().unwrap_or_default();
    let principal_arn = planned.principal_arn.require("principal_arn")?;
    let principal = principal::find(cx, &arn, principal_arn).await;
    if principal.is_some_and(|principal| principal::is_older(&found, &principal)) {
        found = Box::pin(revive(cx, eks, planned, found)).await?;
    }
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
            // What is not sent is reset, so what is not ours is sent as it is.
            .set_kubernetes_groups(planned.groups().or(found.kubernetes_groups))
            .set_username(planned.user_name.known().cloned().or(found.username))
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

/// Makes an entry anew for a principal that was made anew, with all that the old one had, whoever
/// it was from. The old one lets nobody in, so nobody loses access meanwhile.
pub(super) async fn revive(
    cx: &Operation,
    eks: &Client,
    of: &AccessEntry,
    dead: Entry,
) -> Result<Entry> {
    let policies = policies::associated(eks, of).await?;
    let deleted = eks
        .delete_access_entry()
        .set_cluster_name(of.cluster_name.known().cloned())
        .set_principal_arn(of.principal_arn.known().cloned())
        .send()
        .await
        .operation("DeleteAccessEntry");
    match deleted {
        Err(error) if !error.is_not_found() => return Err(error),
        _ => {}
    }
    // Groups and user names of nodes are EKS's to set.
    let standard = dead.r#type.as_deref() == Some("STANDARD");
    let call = eks
        .create_access_entry()
        .set_cluster_name(of.cluster_name.known().cloned())
        .set_principal_arn(of.principal_arn.known().cloned())
        .set_type(dead.r#type)
        .set_username(dead.username.filter(|_| standard))
        .set_kubernetes_groups(dead.kubernetes_groups.filter(|_| standard))
        .set_tags(dead.tags.filter(|tags| !tags.is_empty()));
    // The deletion may not be seen everywhere yet.
    let entry = make(cx, &call, Error::is_conflict).await?;
    for policy in policies {
        let (Some(arn), Some(scope)) = (policy.policy_arn, policy.access_scope) else { continue };
        policies::associate_one(cx, eks, of, &arn, &scope).await?;
    }
    principal::look(cx, &entry).await;
    Ok(entry)
}

/// Leaves an adopted entry as it was found: what was added is taken away, what was changed is
/// changed back, and what others have added since stays.
pub(super) async fn give_back(cx: &Operation, eks: &Client, state: &AccessEntry) -> Result<()> {
    let before = cx.recall::<Before>(ADOPTED).unwrap_or_default();
    let live = describe(eks, state).await?;
    for ours in state.associations() {
        let policy = ours.policy_arn.as_str().unwrap_or_default();
        match before.policies.iter().find(|before| same_policy(&before.arn, policy)) {
            Some(before) => {
                let scope = AccessScope::of_namespaces(before.namespaces.clone());
                policies::associate_one(cx, eks, state, &before.arn, &scope).await?;
            }
            None => disassociate(cx, eks, state, &ours).await?,
        }
    }
    let groups = match state.groups() {
        Some(ours) => before.groups_without(&ours, live.kubernetes_groups()),
        None => live.kubernetes_groups().to_vec(),
    };
    // One that is not the one we left there is somebody else's by now.
    let ours = live.username() == state.user_name.as_str();
    let user_name = if ours { before.user_name.clone() } else { live.username.clone() };
    if groups != live.kubernetes_groups() || user_name != live.username {
        eks.update_access_entry()
            .set_cluster_name(state.cluster_name.known().cloned())
            .set_principal_arn(state.principal_arn.known().cloned())
            .set_kubernetes_groups(Some(groups))
            .set_username(user_name)
            .send()
            .await
            .operation("UpdateAccessEntry")?;
    }
    let arn = live.access_entry_arn().unwrap_or_default();
    let ours = state.tags_all.known().cloned().unwrap_or_default();
    let left = Attr::Known(before.tags_of(&ours));
    tags::update(cx, eks, arn, &state.tags_all, &left).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Set;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn groups_go_back_to_what_they_were_and_those_of_others_stay() {
        let before = Before { groups: texts(&["a", "b"]), ..Before::default() };
        // "b" was taken away and "c" added by us, "d" by somebody else since.
        let left = before.groups_without(&texts(&["a", "c"]), &texts(&["a", "c", "d"]));
        assert_eq!(left, ["a", "b", "d"]);
        assert!(Before::default().groups_without(&texts(&["c"]), &texts(&["c"])).is_empty());
    }

    #[test]
    fn tags_go_back_to_what_they_were_where_they_are_ours() {
        let tags = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let before = Before { tags: tags(&[("team", "a"), ("cost", "7")]), ..Before::default() };
        let ours = tags(&[("team", "b"), ("app", "shop")]);
        assert_eq!(before.tags_of(&ours), tags(&[("team", "a")]));
    }

    #[test]
    fn what_was_there_is_remembered_whole() {
        let scope = AccessScope::of_namespaces(texts(&["shop"]));
        let policy = AssociatedAccessPolicy::builder().policy_arn("arn:p").access_scope(scope);
        let entry =
            Entry::builder().kubernetes_groups("viewers").username("ci").tags("team", "a").build();
        let policy = policy.build();
        let before = Before::of(&entry, vec![policy.clone()], &AccessEntry::default());
        let kept = serde_json::to_value(&before).unwrap();
        assert_eq!(serde_json::from_value::<Before>(kept).unwrap(), before);
        assert_eq!(before.groups, ["viewers"]);
        assert_eq!(before.user_name.as_deref(), Some("ci"));
        assert_eq!(before.tags["team"], "a");
        let namespaces = texts(&["shop"]);
        assert_eq!(before.policies, [Policy { arn: "arn:p".to_owned(), namespaces }]);

        // What is just as planned is ours.
        let scope = policies::AccessScope {
            r#type: "namespace".to_owned().into(),
            namespaces: Set(texts(&["shop"])).into(),
        };
        let planned = AccessEntry {
            kubernetes_groups: Set(texts(&["viewers"])).into(),
            user_name: "ci".to_owned().into(),
            tags_all: BTreeMap::from([("team".to_owned(), "a".to_owned())]).into(),
            policy_associations: Set(vec![policies::PolicyAssociation {
                policy_arn: "arn:p".to_owned().into(),
                access_scope: scope.into(),
            }])
            .into(),
            ..AccessEntry::default()
        };
        assert_eq!(Before::of(&entry, vec![policy], &planned), Before::default());
    }
}
