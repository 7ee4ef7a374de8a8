//! EKS access entries: who may call the Kubernetes API of a cluster.

mod adoption;
mod policies;
mod principal;

use std::collections::BTreeMap;

use aws_sdk_eks::Client;
use aws_sdk_eks::operation::create_access_entry::builders::CreateAccessEntryFluentBuilder;
use aws_sdk_eks::types::AccessEntry as Entry;

use self::policies::{PolicyAssociation, same_policy};
use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::framework::checks::{iam_principal_arn, region as region_name};
use crate::framework::{
    Attr, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Model, Path, Peer, Resource,
    Result, Saved, Set, Timeouts, Value,
};
use crate::provider::Provider;
use crate::resources::{Operation, tags};

/// Lets an IAM principal call the Kubernetes API of a cluster, with what its access policies and
/// Kubernetes groups allow.
///
/// An entry that is there already, such as the one that EKS makes for the role of a capability, is
/// adopted: policies and tags that the configuration sets are added to it, groups and user name
/// are set if the configuration has them, and a destroy leaves the entry as it was found. The
/// cluster must use the authentication mode `API` or `API_AND_CONFIG_MAP`.
///
/// An entry is for one role or user and not for its name: when that is deleted and made again, the
/// entry stays and lets nobody in. A refresh finds this out with `iam:GetRole` or `iam:GetUser`
/// (without them, and for principals of other accounts, it cannot), and the next apply makes the
/// entry anew, with all policies, groups and tags that it has, whoever they are from.
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
        if !standard && config.user_name.is_set() {
            diagnostics.invalid(
                Path::attribute("user_name"),
                "Only entries of the type STANDARD have a user name of their own",
                "Remove user_name, which EKS sets for nodes, or set type = \"STANDARD\".",
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

    fn generated(config: &mut Value) {
        // Of other types they are EKS', which shows them.
        if !config.get("type").is_null() {
            config.set("user_name", Value::Null);
            config.set("kubernetes_groups", Value::Null);
        }
    }

    async fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        tags::plan(cx, change)?;
        if change.prior.is_some() && principal::is_dead(cx) {
            // By an update, which keeps what others have added to the entry.
            change.planned.set("access_entry_arn", Value::Unknown);
            cx.warn(
                Path::attribute("principal_arn"),
                "The access entry lets nobody in",
                format!(
                    "{} was deleted and made again since the entry was made, which remembers the \
                     one before. The apply makes the entry anew, with all that it has.",
                    change.planned.get("principal_arn").as_str().unwrap_or("The principal")
                ),
            );
        }
        Ok(())
    }

    async fn create(cx: &Operation, planned: Self, progress: &mut Saved<'_, Self>) -> Result<Self> {
        let eks = cx.provider().eks(&planned.region).await?;
        let call = eks
            .create_access_entry()
            .set_cluster_name(planned.cluster_name.known().cloned())
            .set_principal_arn(planned.principal_arn.known().cloned())
            .set_type(planned.r#type.known().cloned())
            .set_username(planned.user_name.known().cloned())
            .set_kubernetes_groups(planned.groups())
            .set_tags(tags::to_api(&planned.tags_all));
        let entry = match make(cx, &call, |_| false).await {
            Ok(entry) => entry,
            Err(error) if error.is_conflict() || error.is_already_exists() => {
                Box::pin(adoption::adopt(cx, &eks, &planned, error)).await?
            }
            Err(error) => return Err(error),
        };
        let mut state = planned.seen(&entry);
        // The policies follow; until they are there the state must not claim them.
        state.policy_associations = Attr::Null;
        progress.save(state.clone());
        let associated = policies::associate(cx, &eks, &planned, &[]);
        let (associated, ()) = futures::join!(associated, principal::look(cx, &entry));
        associated?;
        state.policy_associations = planned.policy_associations.clone();
        Ok(state)
    }

    async fn read(cx: &Operation, state: Self) -> Result<Option<Self>> {
        let eks = cx.provider().eks(&state.region).await?;
        let entry = describe(&eks, &state).await?;
        let mut read = state.seen(&entry);
        adoption::leave_tags(cx, &state.tags_all, &mut read.tags_all);
        let before = [&state.tags, &state.tags_all];
        tags::read(cx, before, &mut read.tags, &mut read.tags_all)?;
        let imported = cx.is_imported();
        if imported {
            // Whose they are shows at the next plan: what the configuration lacks is then let be.
            let groups = entry.kubernetes_groups.clone().filter(|groups| !groups.is_empty());
            read.kubernetes_groups = groups.map(Set).into();
        }
        let live = policies::associated(&eks, &state);
        let (live, ()) = futures::join!(live, principal::look(cx, &entry));
        read.policy_associations = state.owned(live?, imported);
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
        if principal::is_dead(cx) {
            let dead = describe(&eks, &planned).await?;
            let entry = Box::pin(adoption::revive(cx, &eks, &planned, dead)).await?;
            state.access_entry_arn = entry.access_entry_arn.into();
            progress.save(state.clone());
        }
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
        policies::associate(cx, &eks, &planned, &prior.associations()).await?;
        state.policy_associations = planned.policy_associations.clone();
        progress.save(state.clone());
        let arn = state.access_entry_arn.require("access_entry_arn")?;
        tags::update(cx, &eks, arn, &prior.tags_all, &planned.tags_all).await?;
        Ok(Self { tags: planned.tags, tags_all: planned.tags_all, ..state })
    }

    async fn delete(cx: &Operation, state: Self) -> Result<()> {
        let eks = cx.provider().eks(&state.region).await?;
        if adoption::is_adopted(cx) {
            return adoption::give_back(cx, &eks, &state).await;
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

impl AccessEntry {
    fn groups(&self) -> Option<Vec<String>> {
        self.kubernetes_groups.known().map(|groups| groups.0.clone())
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
}

/// Makes an entry, waiting for a principal that IAM has not spread yet, and for what else `passes`.
async fn make(
    cx: &Operation,
    call: &CreateAccessEntryFluentBuilder,
    passes: fn(&Error) -> bool,
) -> Result<Entry> {
    let answer = propagation::retry(
        cx.deadline(),
        |error| propagation::principal_not_visible(error) || passes(error),
        || {
            let call = call.clone();
            async move { call.send().await.operation("CreateAccessEntry") }
        },
    )
    .await?;
    answer.access_entry.ok_or_else(|| Error::bug("EKS answered nothing"))
}

async fn describe(eks: &Client, of: &AccessEntry) -> Result<Entry> {
    eks.describe_access_entry()
        .set_cluster_name(of.cluster_name.known().cloned())
        .set_principal_arn(of.principal_arn.known().cloned())
        .send()
        .await
        .operation("DescribeAccessEntry")?
        .access_entry
        .ok_or_else(|| Error::bug("EKS described no access entry"))
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
    if let Some(prefix) = RESERVED.iter().find(|prefix| name.starts_with(**prefix)) {
        return Err(format!("{name:?} begins with {prefix:?}, which EKS reserves"));
    }
    // Whoever chooses the name of a session could else pass for another user.
    let session = ["{{SessionName}}", "{{SessionNameRaw}}"]
        .into_iter()
        .find(|session| name.split_once(*session).is_some_and(|(before, _)| !before.contains(':')));
    match session {
        Some(session) => Err(format!("{name:?} has no \":\" before {session}, which EKS demands")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
