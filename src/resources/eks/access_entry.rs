//! EKS access entries: who may call the Kubernetes API of a cluster.

use std::collections::BTreeMap;

use aws_sdk_eks::types::{self as sdk, AccessEntry as Entry, AssociatedAccessPolicy};

use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::framework::checks::{eks_access_policy_arn, iam_principal_arn, region as region_name};
use crate::framework::wait;
use crate::framework::{
    Attr, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Model, Path, Peer, Resource,
    Result, Saved, Set, Timeouts,
};
use crate::provider::Provider;
use crate::resources::{Operation, tags};

/// Lets an IAM principal call the Kubernetes API of a cluster, with what its access policies and
/// Kubernetes groups allow.
///
/// An entry that is there already, such as the one that EKS makes for the role of a capability, is
/// adopted: policies, groups and tags that the configuration sets are added to it, others are left
/// alone, and a destroy takes away what was added and leaves the entry. The cluster must use the
/// authentication mode `API` or `API_AND_CONFIG_MAP`.
#[derive(Clone, Debug, Default, Model)]
pub struct AccessEntry {
    /// Name of the EKS cluster.
    #[attr(required, replace, identity)]
    pub cluster_name: Attr<String>,
    /// ARN of the IAM role or user, of any account, with its path. Sessions (`assumed-role`) and
    /// service-linked roles are not accepted.
    #[attr(required, replace, identity, check = iam_principal_arn)]
    pub principal_arn: Attr<String>,
    /// Type of the entry: `STANDARD`, or what the nodes of a cluster use.
    #[attr(
        default = "STANDARD",
        replace,
        one_of = [
            "STANDARD", "EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX",
            "HYPERPOD_LINUX"
        ]
    )]
    pub r#type: Attr<String>,
    /// Kubernetes groups of the principal, for RBAC bindings. Only for the type `STANDARD`.
    #[attr(check = group)]
    pub kubernetes_groups: Attr<Set<String>>,
    /// Kubernetes user name of the principal; EKS makes one of the ARN when not set.
    #[attr(optional, computed, stable, check = user_name)]
    pub user_name: Attr<String>,
    /// Access policies of the principal. Policies that are associated by others are left alone.
    pub policy_associations: Attr<Set<PolicyAssociation>>,
    /// Region of the cluster; the provider's when not set.
    #[attr(replace, check = region_name)]
    pub region: Attr<String>,
    /// Tags of the entry.
    pub tags: Attr<BTreeMap<String, String>>,
    /// Tags of the entry, with the provider's `default_tags`.
    #[attr(computed)]
    pub tags_all: Attr<BTreeMap<String, String>>,
    /// ARN of the entry.
    #[attr(computed, stable)]
    pub access_entry_arn: Attr<String>,
    /// How long each operation may take, waiting included.
    #[attr(block)]
    pub timeouts: Attr<Timeouts>,
}

/// An access policy, and where in the cluster it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct PolicyAssociation {
    /// ARN of the access policy, or its name alone: `AmazonEKSClusterAdminPolicy`.
    #[attr(required, check = access_policy, same = same_policy)]
    pub policy_arn: Attr<String>,
    /// Where the policy holds: the whole cluster when not set.
    pub access_scope: Attr<AccessScope>,
}

/// Where an access policy holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AccessScope {
    /// `cluster`, or `namespace` for the namespaces below.
    #[attr(required, one_of = ["cluster", "namespace"])]
    pub r#type: Attr<String>,
    /// The namespaces; `dev-*` stands for all that begin so.
    pub namespaces: Attr<Set<String>>,
}

impl Resource for AccessEntry {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "eks_access_entry";
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(10);
    const PEERS: &'static [Peer] = &[Peer {
        providers: &["hashicorp/aws"],
        type_name: "aws_eks_access_entry",
        find: |entry| entry.texts(["cluster_name", "principal_arn"]),
    }];
    const IMPORT: ImportFormat = ImportFormat("{cluster_name},{principal_arn}");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let standard = config.r#type.as_str().is_none_or(|kind| kind == "STANDARD");
        if !standard && config.kubernetes_groups.is_set() {
            diagnostics.invalid(
                Path::attribute("kubernetes_groups"),
                "Only entries of the type STANDARD have groups",
                "Remove kubernetes_groups, or set type = \"STANDARD\".",
            );
        }
        let takes_policies =
            config.r#type.as_str().is_none_or(|kind| matches!(kind, "STANDARD" | "EC2"));
        if !takes_policies && config.policy_associations.is_set() {
            diagnostics.invalid(
                Path::attribute("policy_associations"),
                "Entries of this type have no access policies",
                "Remove policy_associations, or set type = \"STANDARD\".",
            );
        }
        let associations = config.policy_associations.known().map(|set| set.0.as_slice());
        let mut seen: Vec<&str> = Vec::new();
        for association in associations.unwrap_or_default() {
            let Some(policy) = association.policy_arn.as_str() else { continue };
            if seen.iter().any(|seen| same_policy(seen, policy)) {
                diagnostics.invalid(
                    Path::attribute("policy_associations"),
                    "An access policy is associated twice",
                    format!("{policy} is there more than once. A policy has one scope: list all its namespaces in one element."),
                );
            }
            seen.push(policy);
            let Some(scope) = association.access_scope.known() else { continue };
            let namespaces = scope.namespaces.known().is_some_and(|set| !set.0.is_empty());
            let wrong = match scope.r#type.as_str() {
                Some("cluster") => namespaces,
                Some("namespace") => !namespaces && !scope.namespaces.is_unknown(),
                _ => false,
            };
            if wrong {
                diagnostics.invalid(
                    Path::attribute("policy_associations"),
                    "Namespaces go with the scope type \"namespace\"",
                    format!("The scope of {policy} has the type \"namespace\" and at least one namespace, or the type \"cluster\" and none."),
                );
            }
        }
    }

    async fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        tags::plan(cx, change)
    }

    async fn create(cx: &Operation, planned: Self, progress: &mut Saved<'_, Self>) -> Result<Self> {
        let eks = cx.provider().eks(&planned.region).await?;
        let created = wait::retry(
            &cx.at_most(propagation::LIMIT),
            propagation::PACE,
            propagation::principal_not_visible,
            || {
                let call = eks
                    .create_access_entry()
                    .set_cluster_name(planned.cluster_name.known().cloned())
                    .set_principal_arn(planned.principal_arn.known().cloned())
                    .set_type(planned.r#type.known().cloned())
                    .set_username(planned.user_name.known().cloned())
                    .set_kubernetes_groups(planned.groups())
                    .set_tags(tags::to_api(&planned.tags_all));
                async move { call.send().await.operation("CreateAccessEntry") }
            },
        )
        .await;
        let entry = match created {
            Ok(answer) => answer.access_entry.ok_or_else(|| Error::bug("EKS answered nothing"))?,
            Err(error) if error.is_conflict() || error.is_already_exists() => {
                adopt(cx, &eks, &planned, error).await?
            }
            Err(error) => return Err(error),
        };
        let mut state = planned.seen(&entry);
        // The policies follow; until they are there the state must not claim them.
        state.policy_associations = Attr::Null;
        progress.save(state.clone());
        associate(cx, &eks, &planned, &[]).await?;
        state.policy_associations = planned.policy_associations.clone();
        Ok(state)
    }

    async fn read(cx: &Operation, state: Self) -> Result<Option<Self>> {
        let eks = cx.provider().eks(&state.region).await?;
        let entry = describe(&eks, &state).await?;
        let mut read = state.seen(&entry);
        let before = [&state.tags, &state.tags_all];
        tags::read(cx, before, &mut read.tags, &mut read.tags_all)?;
        let imported = cx.is_imported();
        if imported {
            // Whose they are shows at the next plan: what the configuration lacks is then let be.
            let groups = entry.kubernetes_groups.filter(|groups| !groups.is_empty());
            read.kubernetes_groups = groups.map(Set).into();
        }
        read.policy_associations = state.owned(associated(&eks, &state).await?, imported);
        Ok(Some(read))
    }

    async fn update(
        cx: &Operation,
        prior: Self,
        planned: Self,
        progress: &mut Saved<'_, Self>,
    ) -> Result<Self> {
        let eks = cx.provider().eks(&planned.region).await?;
        let mut state = prior.clone();
        state.timeouts = planned.timeouts.clone();
        if prior.kubernetes_groups != planned.kubernetes_groups
            || prior.user_name != planned.user_name
        {
            let live = describe(&eks, &planned).await?;
            // What is not sent is reset, so what is not ours is sent as it is.
            let groups = planned.groups().or_else(|| {
                if prior.kubernetes_groups.is_set() { Some(vec![]) } else { live.kubernetes_groups }
            });
            let answer = eks
                .update_access_entry()
                .set_cluster_name(planned.cluster_name.known().cloned())
                .set_principal_arn(planned.principal_arn.known().cloned())
                .set_username(planned.user_name.known().cloned())
                .set_kubernetes_groups(groups)
                .send()
                .await
                .operation("UpdateAccessEntry")?;
            if let Some(entry) = answer.access_entry {
                let before = state;
                state = planned.seen(&entry);
                state.policy_associations = before.policy_associations;
                state.tags = before.tags;
                state.tags_all = before.tags_all;
            }
            progress.save(state.clone());
        }
        associate(cx, &eks, &planned, &prior.associations()).await?;
        state.policy_associations = planned.policy_associations.clone();
        progress.save(state.clone());
        let arn = prior.access_entry_arn.require("access_entry_arn")?;
        tags::update(cx, &eks, arn, &prior.tags_all, &planned.tags_all).await?;
        Ok(Self { tags: planned.tags, tags_all: planned.tags_all, ..state })
    }

    async fn delete(cx: &Operation, state: Self) -> Result<()> {
        let eks = cx.provider().eks(&state.region).await?;
        if cx.recall::<bool>(ADOPTED).unwrap_or_default() {
            return give_back(cx, &eks, &state).await;
        }
        eks.delete_access_entry()
            .set_cluster_name(state.cluster_name.known().cloned())
            .set_principal_arn(state.principal_arn.known().cloned())
            .send()
            .await
            .operation("DeleteAccessEntry")
            .map(drop)
    }
}

/// Remembered of an entry that was there before it was managed.
const ADOPTED: &str = "adopted";

impl AccessEntry {
    fn groups(&self) -> Option<Vec<String>> {
        self.kubernetes_groups.known().map(|groups| groups.0.clone())
    }

    fn associations(&self) -> Vec<PolicyAssociation> {
        self.policy_associations.known().map(|set| set.0.clone()).unwrap_or_default()
    }

    /// This configuration with what the API says of the entry itself.
    fn seen(&self, entry: &Entry) -> Self {
        Self {
            cluster_name: entry.cluster_name.clone().into(),
            principal_arn: entry.principal_arn.clone().into(),
            r#type: entry.r#type.clone().into(),
            kubernetes_groups: match &self.kubernetes_groups {
                Attr::Null => Attr::Null,
                _ => Attr::Known(Set(entry.kubernetes_groups.clone().unwrap_or_default())),
            },
            user_name: entry.username.clone().into(),
            access_entry_arn: entry.access_entry_arn.clone().into(),
            tags_all: tags::from_api(entry.tags.clone()),
            ..self.clone()
        }
    }

    /// Of the associations that are there, those that this resource made; all
    /// of them for an import.
    fn owned(
        &self,
        live: Vec<AssociatedAccessPolicy>,
        imported: bool,
    ) -> Attr<Set<PolicyAssociation>> {
        let ours = self.associations();
        let mut seen = Vec::new();
        for live in live {
            let arn = live.policy_arn.unwrap_or_default();
            let mine = ours
                .iter()
                .find(|ours| ours.policy_arn.as_str().is_some_and(|ours| same_policy(ours, &arn)));
            if mine.is_none() && !imported {
                continue;
            }
            let scope = live.access_scope.map(|scope| AccessScope::seen(&scope));
            // The whole cluster is also what no scope means.
            let unsaid = mine.is_some_and(|mine| mine.access_scope.is_null())
                && scope.as_ref().is_some_and(AccessScope::is_cluster);
            seen.push(PolicyAssociation {
                policy_arn: mine.map_or_else(|| arn.into(), |mine| mine.policy_arn.clone()),
                access_scope: if unsaid { Attr::Null } else { scope.into() },
            });
        }
        match &self.policy_associations {
            Attr::Null if seen.is_empty() => Attr::Null,
            _ => Attr::Known(Set(seen)),
        }
    }
}

impl AccessScope {
    fn seen(scope: &sdk::AccessScope) -> Self {
        let namespaces = scope.namespaces.clone().filter(|namespaces| !namespaces.is_empty());
        Self {
            r#type: scope.r#type.as_ref().map(|kind| kind.as_str().to_owned()).into(),
            namespaces: namespaces.map(Set).into(),
        }
    }

    fn is_cluster(&self) -> bool {
        self.r#type.as_str() == Some("cluster")
    }

    fn to_api(scope: Option<&Self>) -> sdk::AccessScope {
        let kind = scope.and_then(|scope| scope.r#type.as_str()).unwrap_or("cluster");
        let namespaces = scope.and_then(|scope| scope.namespaces.known());
        sdk::AccessScope::builder()
            .r#type(kind.into())
            .set_namespaces(namespaces.map(|set| set.0.clone()))
            .build()
    }
}

async fn describe(eks: &aws_sdk_eks::Client, of: &AccessEntry) -> Result<Entry> {
    eks.describe_access_entry()
        .set_cluster_name(of.cluster_name.known().cloned())
        .set_principal_arn(of.principal_arn.known().cloned())
        .send()
        .await
        .operation("DescribeAccessEntry")?
        .access_entry
        .ok_or_else(|| Error::bug("EKS described no access entry"))
}

async fn associated(
    eks: &aws_sdk_eks::Client,
    of: &AccessEntry,
) -> Result<Vec<AssociatedAccessPolicy>> {
    let mut pages = eks
        .list_associated_access_policies()
        .set_cluster_name(of.cluster_name.known().cloned())
        .set_principal_arn(of.principal_arn.known().cloned())
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.operation("ListAssociatedAccessPolicies")?;
        found.extend(page.associated_access_policies.unwrap_or_default());
    }
    Ok(found)
}

/// Associates what is planned and ends what was ours and no longer is. A
/// changed scope is an update in place, so there is no moment without access.
async fn associate(
    cx: &Operation,
    eks: &aws_sdk_eks::Client,
    planned: &AccessEntry,
    prior: &[PolicyAssociation],
) -> Result<()> {
    let wanted = planned.associations();
    for association in wanted.iter().filter(|association| !prior.contains(association)) {
        let policy = policy_arn(cx, association).await?;
        let scope = AccessScope::to_api(association.access_scope.known());
        // The entry was made a moment ago, perhaps by EKS itself.
        wait::retry(
            &cx.at_most(propagation::LIMIT),
            propagation::PACE,
            propagation::entry_not_visible,
            || {
                let call = eks
                    .associate_access_policy()
                    .set_cluster_name(planned.cluster_name.known().cloned())
                    .set_principal_arn(planned.principal_arn.known().cloned())
                    .policy_arn(&policy)
                    .access_scope(scope.clone());
                async move { call.send().await.operation("AssociateAccessPolicy") }
            },
        )
        .await
        .map_err(|error| error.at("policy_associations"))?;
    }
    for association in prior {
        let kept = wanted.iter().any(|wanted| {
            let (a, b) = (wanted.policy_arn.as_str(), association.policy_arn.as_str());
            a.zip(b).is_some_and(|(a, b)| same_policy(a, b))
        });
        if !kept {
            disassociate(cx, eks, planned, association).await?;
        }
    }
    Ok(())
}

async fn disassociate(
    cx: &Operation,
    eks: &aws_sdk_eks::Client,
    entry: &AccessEntry,
    association: &PolicyAssociation,
) -> Result<()> {
    let gone = eks
        .disassociate_access_policy()
        .set_cluster_name(entry.cluster_name.known().cloned())
        .set_principal_arn(entry.principal_arn.known().cloned())
        .policy_arn(policy_arn(cx, association).await?)
        .send()
        .await
        .operation("DisassociateAccessPolicy");
    match gone {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

/// The whole ARN of a policy that may be given by its name.
async fn policy_arn(cx: &Operation, association: &PolicyAssociation) -> Result<String> {
    let policy = association.policy_arn.require("policy_arn")?;
    if policy.starts_with("arn:") {
        return Ok(policy.clone());
    }
    let partition = cx.provider().partition().await?;
    Ok(format!("arn:{partition}:eks::aws:cluster-access-policy/{policy}"))
}

async fn adopt(
    cx: &Operation,
    eks: &aws_sdk_eks::Client,
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
async fn give_back(cx: &Operation, eks: &aws_sdk_eks::Client, state: &AccessEntry) -> Result<()> {
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

/// Whether two spellings name one policy: an ARN, and the name alone.
fn same_policy(a: &str, b: &str) -> bool {
    let name = |policy: &str| policy.rsplit('/').next().unwrap_or_default().to_owned();
    a == b || ((!a.starts_with("arn:") || !b.starts_with("arn:")) && name(a) == name(b))
}

/// Rule of an access policy: an ARN, or a name such as `AmazonEKSViewPolicy`.
fn access_policy(policy: &str) -> std::result::Result<(), String> {
    let is_name = !policy.is_empty() && policy.chars().all(|c| c.is_ascii_alphanumeric());
    if is_name { Ok(()) } else { eks_access_policy_arn(policy) }
}

fn group(group: &str) -> std::result::Result<(), String> {
    if group.starts_with("system:") {
        return Err(format!(
            "{group:?} begins with \"system:\", which EKS does not allow for groups"
        ));
    }
    Ok(())
}

fn user_name(name: &str) -> std::result::Result<(), String> {
    const RESERVED: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];
    match RESERVED.iter().find(|prefix| name.starts_with(**prefix)) {
        Some(prefix) => Err(format!("{name:?} begins with {prefix:?}, which EKS reserves")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_may_be_named_or_spelled_out() {
        let arn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
        assert!(same_policy(arn, "AmazonEKSViewPolicy"));
        assert!(!same_policy(arn, "AmazonEKSEditPolicy"));
        assert!(!same_policy(arn, &arn.replace("aws:eks", "aws-cn:eks")));
    }

    fn validated(entry: &AccessEntry) -> Vec<String> {
        let mut diagnostics = Diagnostics::default();
        AccessEntry::validate(entry, &mut diagnostics);
        diagnostics.iter().map(|diagnostic| diagnostic.summary.clone()).collect()
    }

    #[test]
    fn namespaces_and_their_scope_go_together() {
        let association = |kind: &str, namespaces: &[&str]| PolicyAssociation {
            policy_arn: "AmazonEKSViewPolicy".to_owned().into(),
            access_scope: Attr::Known(AccessScope {
                r#type: kind.to_owned().into(),
                namespaces: Set(namespaces.iter().map(|name| (*name).to_owned()).collect()).into(),
            }),
        };
        let entry = |associations: Vec<PolicyAssociation>| AccessEntry {
            policy_associations: Set(associations).into(),
            ..AccessEntry::default()
        };
        assert!(validated(&entry(vec![association("namespace", &["a"])])).is_empty());
        assert_eq!(validated(&entry(vec![association("cluster", &["a"])])).len(), 1);
        assert_eq!(validated(&entry(vec![association("namespace", &[])])).len(), 1);
        let twice = vec![association("namespace", &["a"]), association("cluster", &[])];
        assert_eq!(validated(&entry(twice)), ["An access policy is associated twice"]);
    }

    #[test]
    fn policies_of_others_are_not_seen_unless_the_entry_is_imported() {
        let live = || {
            vec![
                AssociatedAccessPolicy::builder()
                    .policy_arn("arn:aws:eks::aws:cluster-access-policy/AmazonEKSArgoCDPolicy")
                    .access_scope(AccessScope::to_api(None))
                    .build(),
            ]
        };
        let entry = AccessEntry::default();
        assert_eq!(entry.owned(live(), false), Attr::Null);
        let seen = entry.owned(live(), true);
        assert_eq!(seen.known().unwrap().0.len(), 1);
    }
}
