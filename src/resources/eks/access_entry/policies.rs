//! The access policies of an entry, each with the part of the cluster where it holds.

use aws_sdk_eks::Client;
use aws_sdk_eks::types::{self as sdk, AssociatedAccessPolicy};

use super::AccessEntry;
use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::framework::checks::eks_access_policy_arn;
use crate::framework::{Attr, Model, Result, Set};
use crate::resources::Operation;

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

impl AccessEntry {
    pub(super) fn associations(&self) -> Vec<PolicyAssociation> {
        self.policy_associations.known().map(|set| set.0.clone()).unwrap_or_default()
    }

    /// Of the associations that are there, those that this resource made; all
    /// of them for an import.
    pub(super) fn owned(
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

    /// These namespaces; none stands for the whole cluster.
    pub(super) fn of_namespaces(namespaces: Vec<String>) -> sdk::AccessScope {
        let kind = if namespaces.is_empty() { "cluster" } else { "namespace" };
        sdk::AccessScope::builder().r#type(kind.into()).set_namespaces(Some(namespaces)).build()
    }

    pub(super) fn to_api(scope: Option<&Self>) -> sdk::AccessScope {
        let kind = scope.and_then(|scope| scope.r#type.as_str()).unwrap_or("cluster");
        let namespaces = scope.and_then(|scope| scope.namespaces.known());
        sdk::AccessScope::builder()
            .r#type(kind.into())
            .set_namespaces(namespaces.map(|set| set.0.clone()))
            .build()
    }
}

pub(super) async fn associated(
    eks: &Client,
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
pub(super) async fn associate(
    cx: &Operation,
    eks: &Client,
    planned: &AccessEntry,
    prior: &[PolicyAssociation],
) -> Result<()> {
    let wanted = planned.associations();
    for association in wanted.iter().filter(|association| !prior.contains(association)) {
        let policy = policy_arn(cx, association).await?;
        let scope = AccessScope::to_api(association.access_scope.known());
        associate_one(cx, eks, planned, &policy, &scope)
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

/// Associates a policy, or changes where it holds.
pub(super) async fn associate_one(
    cx: &Operation,
    eks: &Client,
    entry: &AccessEntry,
    policy_arn: &str,
    scope: &sdk::AccessScope,
) -> Result<()> {
    // The entry was made a moment ago, perhaps by EKS itself.
    propagation::retry(cx.deadline(), propagation::entry_not_visible, || {
        let call = eks
            .associate_access_policy()
            .set_cluster_name(entry.cluster_name.known().cloned())
            .set_principal_arn(entry.principal_arn.known().cloned())
            .policy_arn(policy_arn)
            .access_scope(scope.clone());
        async move { call.send().await.operation("AssociateAccessPolicy").map(drop) }
    })
    .await
}

pub(super) async fn disassociate(
    cx: &Operation,
    eks: &Client,
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

/// Whether two spellings name one policy: an ARN, and the name alone.
pub(super) fn same_policy(a: &str, b: &str) -> bool {
    let name = |policy: &str| policy.rsplit('/').next().unwrap_or_default().to_owned();
    a == b || ((!a.starts_with("arn:") || !b.starts_with("arn:")) && name(a) == name(b))
}

/// Rule of an access policy: an ARN, or a name such as `AmazonEKSViewPolicy`.
fn access_policy(policy: &str) -> std::result::Result<(), String> {
    let is_name = !policy.is_empty() && policy.chars().all(|c| c.is_ascii_alphanumeric());
    if is_name { Ok(()) } else { eks_access_policy_arn(policy) }
}
