//! EKS Pod Identity associations: an IAM role for the pods of a service account.

use std::collections::BTreeMap;

use aws_sdk_eks::types::PodIdentityAssociation as Association;

use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::framework::checks::{dns_label, dns_subdomain, iam_role_arn};
use crate::framework::{
    Attr, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Model, Object, Path, Peer,
    Resource, Result, Saved, Timeouts,
};
use crate::provider::Provider;
use crate::resources::iam::policy_document;
use crate::resources::iam::trust::{self, PODS};
use crate::resources::{Operation, tags};

/// Gives the pods of a Kubernetes service account the permissions of an IAM role, by EKS Pod
/// Identity. The namespace and the service account need not exist yet. Running pods get a changed
/// role when they are restarted.
#[derive(Clone, Debug, Default, Model)]
pub struct PodIdentityAssociation {
    /// Name of the EKS cluster.
    #[attr(required, replace, identity)]
    pub cluster_name: Attr<String>,
    /// Kubernetes namespace of the service account.
    #[attr(required, replace, check = dns_label)]
    pub namespace: Attr<String>,
    /// Name of the service account.
    #[attr(required, replace, check = dns_subdomain)]
    pub service_account: Attr<String>,
    /// ARN of the IAM role, in the account of the cluster. Its trust policy must let
    /// `pods.eks.amazonaws.com` call `sts:AssumeRole` and `sts:TagSession`.
    #[attr(required, check = iam_role_arn)]
    pub role_arn: Attr<String>,
    /// ARN of a role in any account that is assumed from `role_arn`; the pods then have its
    /// permissions.
    #[attr(check = iam_role_arn)]
    pub target_role_arn: Attr<String>,
    /// Leave out the session tags that EKS adds (cluster, namespace, service account, pod).
    #[attr(default = false)]
    pub disable_session_tags: Attr<bool>,
    /// IAM policy, JSON, that narrows the permissions of the session. Needs
    /// `disable_session_tags = true`.
    #[attr(check = crate::framework::checks::policy_document, same = policy_document::equivalent)]
    pub policy: Attr<String>,
    /// Region of the cluster; the provider's when not set.
    #[attr(replace, local, check = crate::framework::checks::region)]
    pub region: Attr<String>,
    /// Tags of the association.
    pub tags: Attr<BTreeMap<String, String>>,
    /// Tags of the association, with the provider's `default_tags`.
    #[attr(computed)]
    pub tags_all: Attr<BTreeMap<String, String>>,
    /// ARN of the association.
    #[attr(computed, stable)]
    pub association_arn: Attr<String>,
    /// Id of the association, `a-…`.
    #[attr(computed, stable, identity)]
    pub association_id: Attr<String>,
    /// External id that is sent when `target_role_arn` is assumed, for its trust policy.
    #[attr(computed, stable)]
    pub external_id: Attr<String>,
    /// ARN of the EKS add-on that manages the association; null when none does.
    #[attr(computed, stable)]
    pub owner_arn: Attr<String>,
    /// How long each operation may take, waiting included.
    #[attr(block, local)]
    pub timeouts: Attr<Timeouts>,
}

impl Resource for PodIdentityAssociation {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "pod_identity_association";
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(10);
    const PEERS: &'static [Peer] = &[Peer {
        providers: &["hashicorp/aws"],
        type_name: "aws_eks_pod_identity_association",
        find: |association| association.texts(["cluster_name", "association_id"]),
    }];
    const IMPORT: ImportFormat = ImportFormat("{cluster_name},{association_id}");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        if config.policy.is_set()
            && !config.disable_session_tags.is_unknown()
            && !config.disable_session_tags.is_true()
        {
            diagnostics.invalid(
                Path::attribute("policy"),
                "A session policy needs disable_session_tags = true",
                "Amazon EKS takes a policy only for sessions without its own tags. Set \
                 disable_session_tags = true, or remove policy.",
            );
        }
    }

    async fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        tags::plan(cx, change)?;
        // The id is made anew with the role that it is for.
        let target = |values: &crate::framework::Value| values.get("target_role_arn").clone();
        if change.prior.as_ref().is_some_and(|prior| target(prior) != target(&change.planned)) {
            change.planned.set("external_id", crate::framework::Value::Unknown);
        }
        Ok(())
    }

    async fn create(cx: &Operation, planned: Self, progress: &mut Saved<'_, Self>) -> Result<Self> {
        let eks = cx.provider().eks(&planned.region).await?;
        let role = planned.role_arn.require("role_arn")?;
        let created = trust::given(cx, role, &PODS, role_not_through, || {
            let call = eks
                .create_pod_identity_association()
                .set_cluster_name(planned.cluster_name.known().cloned())
                .set_namespace(planned.namespace.known().cloned())
                .set_service_account(planned.service_account.known().cloned())
                .role_arn(role)
                .set_target_role_arn(planned.target_role_arn.known().cloned())
                .set_disable_session_tags(planned.disable_session_tags.known().copied())
                .set_policy(planned.policy.known().cloned())
                .set_tags(tags::to_api(&planned.tags_all));
            async move { call.send().await.operation("CreatePodIdentityAssociation") }
        })
        .await;
        let association = match created {
            Ok(answer) => answer.association,
            Err(error) if error.is_already_exists() || error.is_conflict() => {
                Some(adopt(cx, &planned, error).await?)
            }
            Err(error) => return Err(error),
        };
        let association = association.ok_or_else(|| Error::bug("EKS answered nothing"))?;
        let state = planned.seen(association);
        progress.save(state.clone());
        Ok(state)
    }

    async fn read(cx: &Operation, state: Self) -> Result<Option<Self>> {
        let eks = cx.provider().eks(&state.region).await?;
        let answer = eks
            .describe_pod_identity_association()
            .set_cluster_name(state.cluster_name.known().cloned())
            .set_association_id(state.association_id.known().cloned())
            .send()
            .await
            .operation("DescribePodIdentityAssociation")?;
        let mut read = answer.association.map(|association| state.seen(association));
        if let Some(read) = &mut read {
            let before = [&state.tags, &state.tags_all];
            tags::read(cx, before, &mut read.tags, &mut read.tags_all)?;
            if let (true, Some(owner)) = (cx.is_imported(), read.owner_arn.as_str()) {
                cx.warn(
                    Path::root(),
                    "The association belongs to an add-on",
                    format!("{owner} manages it, and changes back what is changed here."),
                );
            }
        }
        Ok(read)
    }

    async fn update(
        cx: &Operation,
        prior: Self,
        planned: Self,
        progress: &mut Saved<'_, Self>,
    ) -> Result<Self> {
        let eks = cx.provider().eks(&planned.region).await?;
        let mut state = planned.clone();
        if prior.settings() != planned.settings() {
            // An omitted value is left as it is, so what is removed is sent empty.
            let emptied = |before: &Attr<String>, after: &Attr<String>| match after.known() {
                Some(value) => Some(value.clone()),
                None => before.is_set().then(String::new),
            };
            let role = planned.role_arn.require("role_arn")?;
            let answer = trust::given(cx, role, &PODS, role_not_through, || {
                let call = eks
                    .update_pod_identity_association()
                    .set_cluster_name(planned.cluster_name.known().cloned())
                    .set_association_id(prior.association_id.known().cloned())
                    .role_arn(role)
                    .set_disable_session_tags(planned.disable_session_tags.known().copied())
                    .set_target_role_arn(emptied(&prior.target_role_arn, &planned.target_role_arn))
                    .set_policy(emptied(&prior.policy, &planned.policy));
                async move { call.send().await.operation("UpdatePodIdentityAssociation") }
            })
            .await?;
            if let Some(association) = answer.association {
                state = planned.seen(association);
            }
            let tagged_before = Self {
                tags: prior.tags.clone(),
                tags_all: prior.tags_all.clone(),
                ..state.clone()
            };
            progress.save(tagged_before);
        }
        let arn = prior.association_arn.require("association_arn")?;
        tags::update(cx, &eks, arn, &prior.tags_all, &planned.tags_all).await?;
        state.tags_all = planned.tags_all;
        Ok(state)
    }

    async fn delete(cx: &Operation, state: Self) -> Result<()> {
        let eks = cx.provider().eks(&state.region).await?;
        eks.delete_pod_identity_association()
            .set_cluster_name(state.cluster_name.known().cloned())
            .set_association_id(state.association_id.known().cloned())
            .send()
            .await
            .operation("DeletePodIdentityAssociation")
            .map(drop)
    }

    /// Also takes `CLUSTER,NAMESPACE,SERVICE_ACCOUNT`, since nobody knows the ids.
    async fn import(cx: &Operation, id: &str) -> Result<Object> {
        let parts: Vec<_> = id.split(',').collect();
        let [cluster, namespace, service_account] = parts[..] else {
            return Self::IMPORT.parse(id).map_err(|_| {
                Error::invalid(format!(
                    "the import id {id:?} has neither the form \"{}\" nor the form \
                     \"<cluster_name>,<namespace>,<service_account>\"",
                    Self::IMPORT.form()
                ))
                .advise("Write the id in one of these forms, without the brackets.")
            });
        };
        let found = find(cx, &Attr::Null, cluster, namespace, service_account).await?;
        let found = found.ok_or_else(|| {
            Error::not_found(format!(
                "the cluster {cluster:?} has no association for {namespace}/{service_account}"
            ))
        })?;
        Ok(Object::from([
            ("cluster_name".into(), cluster.into()),
            ("association_id".into(), found.into()),
        ]))
    }
}

/// The service does not see the role yet, or not its trust policy.
fn role_not_through(error: &Error) -> bool {
    propagation::role_not_visible(error) || propagation::trust_not_propagated(error)
}

impl PodIdentityAssociation {
    /// What `UpdatePodIdentityAssociation` sets.
    fn settings(&self) -> [Attr<String>; 4] {
        let Self { role_arn, target_role_arn, policy, disable_session_tags, .. } = self;
        let tags = disable_session_tags.known().map(ToString::to_string);
        [role_arn.clone(), target_role_arn.clone(), policy.clone(), tags.into()]
    }

    /// This configuration with what the API says.
    fn seen(&self, association: Association) -> Self {
        Self {
            cluster_name: association.cluster_name.into(),
            namespace: association.namespace.into(),
            service_account: association.service_account.into(),
            role_arn: association.role_arn.into(),
            target_role_arn: association.target_role_arn.filter(|arn| !arn.is_empty()).into(),
            disable_session_tags: association.disable_session_tags.unwrap_or_default().into(),
            policy: association.policy.filter(|policy| !policy.is_empty()).into(),
            association_arn: association.association_arn.into(),
            association_id: association.association_id.into(),
            external_id: association.external_id.into(),
            owner_arn: association.owner_arn.into(),
            tags_all: tags::from_api(association.tags),
            tags: self.tags.clone(),
            region: self.region.clone(),
            timeouts: self.timeouts.clone(),
        }
    }
}

/// Takes over an association that is there and does what is planned, as after
/// an apply that was killed between the call and its answer.
async fn adopt(
    cx: &Operation,
    planned: &PodIdentityAssociation,
    refused: Error,
) -> Result<Association> {
    let cluster = planned.cluster_name.require("cluster_name")?;
    let namespace = planned.namespace.require("namespace")?;
    let service_account = planned.service_account.require("service_account")?;
    let Some(id) = find(cx, &planned.region, cluster, namespace, service_account).await? else {
        return Err(refused);
    };
    let eks = cx.provider().eks(&planned.region).await?;
    let answer = eks
        .describe_pod_identity_association()
        .cluster_name(cluster)
        .association_id(&id)
        .send()
        .await
        .operation("DescribePodIdentityAssociation")?;
    let found = answer.association.ok_or_else(|| Error::bug("EKS answered nothing"))?;
    if let Some(owner) = &found.owner_arn {
        return Err(refused.advise(format!(
            "The association {id} belongs to {owner}, which manages it. Leave it to that, or \
             remove it there first."
        )));
    }
    if planned.seen(found.clone()).settings() != planned.settings() {
        return Err(refused.advise(format!(
            "The pods of {namespace}/{service_account} have an association with other settings. \
             To manage it here, import it: tofu import ADDRESS {cluster},{id}"
        )));
    }
    cx.warn(
        Path::root(),
        "Adopted an existing association",
        format!("The association {id} was there already, with these settings. It is managed here from now on."),
    );
    let arn = found.association_arn().unwrap_or_default();
    tags::update(cx, &eks, arn, &tags::from_api(found.tags.clone()), &planned.tags_all).await?;
    Ok(Association::clone(&found))
}

/// The id of the association for a service account.
async fn find(
    cx: &Operation,
    region: &Attr<String>,
    cluster: &str,
    namespace: &str,
    service_account: &str,
) -> Result<Option<String>> {
    let eks = cx.provider().eks(region).await?;
    let answer = eks
        .list_pod_identity_associations()
        .cluster_name(cluster)
        .namespace(namespace)
        .service_account(service_account)
        .send()
        .await
        .operation("ListPodIdentityAssociations")?;
    Ok(answer.associations.and_then(|found| found.into_iter().find_map(|a| a.association_id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_in_the_api_is_null_here() {
        let found = Association::builder().target_role_arn("").policy("").build();
        let seen = PodIdentityAssociation::default().seen(found);
        assert_eq!(seen.target_role_arn, Attr::Null);
        assert_eq!(seen.policy, Attr::Null);
        assert_eq!(seen.disable_session_tags, Attr::Known(false));
        assert_eq!(seen.owner_arn, Attr::Null);
    }

    #[test]
    fn an_association_shows_which_add_on_it_belongs_to() {
        let addon = "arn:aws:eks:eu-west-1:123456789012:addon/main/vpc-cni/1";
        let found = Association::builder().owner_arn(addon).external_id("x").build();
        let seen = PodIdentityAssociation::default().seen(found);
        assert_eq!(seen.owner_arn.as_str(), Some(addon));
        assert_eq!(seen.external_id.as_str(), Some("x"));
    }

    #[test]
    fn a_session_policy_needs_sessions_without_tags() {
        let said = |disabled: Attr<bool>| {
            let config = PodIdentityAssociation {
                policy: "{}".to_owned().into(),
                disable_session_tags: disabled,
                ..PodIdentityAssociation::default()
            };
            let mut diagnostics = Diagnostics::default();
            PodIdentityAssociation::validate(&config, &mut diagnostics);
            diagnostics.iter().count()
        };
        assert_eq!(said(Attr::Null), 1);
        assert_eq!(said(Attr::Known(false)), 1);
        assert_eq!(said(Attr::Known(true)), 0);
        assert_eq!(said(Attr::Unknown), 0);
    }
}
