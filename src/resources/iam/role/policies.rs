//! The policies of a role: inline ones, and managed ones that are attached.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;

use super::Role;
use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::framework::{Error, Path, Result};
use crate::resources::Operation;
use crate::resources::iam::policy_document;

impl Role {
    /// Adds, changes and removes policies until the role has the planned ones.
    pub(super) async fn bring_policies(
        &self,
        cx: &Operation,
        iam: &Client,
        name: &str,
        inline: &BTreeMap<String, String>,
        attached: &BTreeSet<String>,
    ) -> Result<()> {
        let wanted = self.inline();
        for (policy, document) in &wanted {
            if inline.get(policy).is_some_and(|live| policy_document::equivalent(live, document)) {
                continue;
            }
            changed(cx, || {
                let call = iam
                    .put_role_policy()
                    .role_name(name)
                    .policy_name(policy)
                    .policy_document(document);
                async move { call.send().await.operation("PutRolePolicy").map(drop) }
            })
            .await
            .map_err(|error| error.at(Path::attribute("inline_policies").key(policy)))?;
        }
        for policy in inline.keys().filter(|policy| !wanted.contains_key(*policy)) {
            remove_inline(cx, iam, name, policy).await?;
        }
        let wanted = self.attached();
        for arn in wanted.difference(attached) {
            changed(cx, || {
                let call = iam.attach_role_policy().role_name(name).policy_arn(arn);
                async move { call.send().await.operation("AttachRolePolicy").map(drop) }
            })
            .await
            .map_err(|error| error.at("managed_policy_arns"))?;
        }
        for arn in attached.difference(&wanted) {
            detach(cx, iam, name, arn).await?;
        }
        Ok(())
    }
}

/// Calls that IAM refuses while a principal or another change is not through.
pub(super) async fn changed<T, F>(cx: &Operation, call: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let again = |error: &Error| {
        propagation::principal_not_visible(error)
            || propagation::concurrent_modification(error)
            || propagation::new_role_not_found(error)
    };
    propagation::retry(cx.deadline(), again, call).await
}

pub(super) async fn attached(iam: &Client, name: &str) -> Result<Vec<String>> {
    let mut pages = iam.list_attached_role_policies().role_name(name).into_paginator().send();
    let mut arns = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.operation("ListAttachedRolePolicies")?;
        let found = page.attached_policies.unwrap_or_default();
        arns.extend(found.into_iter().filter_map(|policy| policy.policy_arn));
    }
    Ok(arns)
}

pub(super) async fn inline(iam: &Client, name: &str) -> Result<BTreeMap<String, String>> {
    let mut pages = iam.list_role_policies().role_name(name).into_paginator().send();
    let mut policies = BTreeMap::new();
    while let Some(page) = pages.next().await {
        for policy in page.operation("ListRolePolicies")?.policy_names {
            let answer = iam
                .get_role_policy()
                .role_name(name)
                .policy_name(&policy)
                .send()
                .await
                .operation("GetRolePolicy")?;
            policies.insert(policy, decoded(&answer.policy_document));
        }
    }
    Ok(policies)
}

/// A document as it was written; one that is not encoded stays as it is.
pub(super) fn decoded(document: &str) -> String {
    policy_document::decode(document).unwrap_or_else(|_| document.to_owned())
}

pub(super) async fn detach(cx: &Operation, iam: &Client, name: &str, arn: &str) -> Result<()> {
    changed(cx, || {
        let call = iam.detach_role_policy().role_name(name).policy_arn(arn);
        async move { gone(call.send().await.operation("DetachRolePolicy")) }
    })
    .await
}

pub(super) async fn remove_inline(
    cx: &Operation,
    iam: &Client,
    name: &str,
    policy: &str,
) -> Result<()> {
    changed(cx, || {
        let call = iam.delete_role_policy().role_name(name).policy_name(policy);
        async move { gone(call.send().await.operation("DeleteRolePolicy")) }
    })
    .await
}

/// What is gone already need not be removed.
fn gone<T>(answer: Result<T>) -> Result<()> {
    match answer {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
