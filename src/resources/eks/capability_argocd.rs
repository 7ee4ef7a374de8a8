//! The EKS capability for Argo CD.

use std::collections::BTreeMap;

use aws_sdk_eks::types::{self as sdk, Capability, CapabilityStatus, CapabilityType};

use super::capability;
use crate::clients::aws::OperationResult;
use crate::clients::aws::propagation;
use crate::framework::checks::{dns_label, iam_role_arn, idc_instance_arn, region as region_name};
use crate::framework::wait;
use crate::framework::{
    Attr, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Model, Path, Peer, Resource,
    Result, Saved, Set, Timeouts,
};
use crate::provider::Provider;
use crate::resources::iam::trust::{self, CAPABILITIES};
use crate::resources::{Operation, tags};

/// Amazon EKS runs Argo CD for the cluster: its controllers live outside of it, and its objects in
/// one namespace of it.
///
/// The capability gets an access entry on its own cluster, with what Argo CD itself needs and no
/// permission to deploy anything: see `gitops_eks_access_entry`. Users log in by IAM Identity
/// Center. Destroying the capability removes the controllers and leaves Argo CD's objects in the
/// cluster, so destroy the applications first.
#[derive(Clone, Debug, Default, Model)]
pub struct CapabilityArgocd {
    /// Name of the EKS cluster.
    #[attr(required, replace, identity)]
    pub cluster_name: Attr<String>,
    /// Name of the capability, unique within the cluster.
    #[attr(default = "argocd", replace, identity, check = capability::name)]
    pub capability_name: Attr<String>,
    /// ARN of the IAM role that Argo CD acts with. Its trust policy must let
    /// `capabilities.eks.amazonaws.com` call `sts:AssumeRole` and `sts:TagSession`.
    #[attr(required, check = iam_role_arn)]
    pub role_arn: Attr<String>,
    /// What becomes of Argo CD's objects when the capability is deleted. `RETAIN`, the only value
    /// of the API, keeps them.
    #[attr(default = "RETAIN", one_of = ["RETAIN"])]
    pub delete_propagation_policy: Attr<String>,
    /// Namespace that Argo CD's objects live in; EKS chooses `argocd` when not set.
    #[attr(optional, computed, stable, replace = "if_configured", check = dns_label)]
    pub namespace: Attr<String>,
    /// IAM Identity Center, by which users log in.
    #[attr(required)]
    pub aws_idc: Attr<AwsIdc>,
    /// Who has which role in Argo CD. An identity that is removed here loses its access.
    pub rbac_role_mappings: Attr<Set<RoleMapping>>,
    /// Where Argo CD's API and UI can be reached from; the internet when not set.
    pub network_access: Attr<NetworkAccess>,
    /// First part of the host name of Argo CD's API and UI.
    #[attr(replace, check = capability::endpoint_prefix)]
    pub endpoint_prefix: Attr<String>,
    /// Region of the cluster; the provider's when not set.
    #[attr(replace, check = region_name)]
    pub region: Attr<String>,
    /// Tags of the capability.
    pub tags: Attr<BTreeMap<String, String>>,
    /// Tags of the capability, with the provider's `default_tags`.
    #[attr(computed)]
    pub tags_all: Attr<BTreeMap<String, String>>,
    /// ARN of the capability.
    #[attr(computed, stable)]
    pub arn: Attr<String>,
    /// URL of Argo CD's API and UI.
    #[attr(computed, stable)]
    pub server_url: Attr<String>,
    /// Version of the capability, which EKS upgrades by itself.
    #[attr(computed, stable)]
    pub version: Attr<String>,
    /// How long each operation may take, waiting included: 30 minutes for a create and an update,
    /// 45 for a delete, when not set.
    #[attr(block)]
    pub timeouts: Attr<Timeouts>,
}

/// IAM Identity Center, by which users log in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AwsIdc {
    /// ARN of the Identity Center instance.
    #[attr(required, replace, check = idc_instance_arn)]
    pub idc_instance_arn: Attr<String>,
    /// Region of the Identity Center instance; the cluster's when not set.
    #[attr(optional, computed, stable, replace = "if_configured", check = region_name)]
    pub idc_region: Attr<String>,
    /// ARN of the Identity Center application that EKS made for the capability.
    #[attr(computed, stable)]
    pub idc_managed_application_arn: Attr<String>,
}

/// Who has a role in Argo CD.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct RoleMapping {
    /// The role: `ADMIN`, `EDITOR` or `VIEWER`.
    #[attr(required, one_of = ["ADMIN", "EDITOR", "VIEWER"])]
    pub role: Attr<String>,
    /// The users and groups that have it.
    #[attr(required, length(1, 1000))]
    pub identities: Attr<Set<Identity>>,
}

/// A user or group of IAM Identity Center.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Identity {
    /// Id of the user or group in the identity store.
    #[attr(required)]
    pub id: Attr<String>,
    /// `SSO_USER` or `SSO_GROUP`.
    #[attr(required, one_of = ["SSO_USER", "SSO_GROUP"])]
    pub r#type: Attr<String>,
}

/// Where Argo CD's API and UI can be reached from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct NetworkAccess {
    /// Ids of VPC endpoints; with any, the API and UI can be reached through these only.
    pub vpce_ids: Attr<Set<String>>,
}

impl Resource for CapabilityArgocd {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "eks_capability_argocd";
    const TIMEOUTS: DefaultTimeouts = capability::TIMEOUTS;
    const PEERS: &'static [Peer] = &[Peer {
        providers: &["hashicorp/aws"],
        type_name: "aws_eks_capability",
        find: |capability| match capability.text("/type")? {
            "ARGOCD" => capability.texts(["cluster_name", "capability_name"]),
            other => Err(Error::invalid(format!(
                "the capability is of type {other}, and this resource is for ARGOCD"
            ))),
        },
    }];
    const IMPORT: ImportFormat = capability::IMPORT;

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let mappings = config.rbac_role_mappings.known().map(|set| set.0.as_slice());
        let roles: Vec<_> =
            mappings.unwrap_or_default().iter().filter_map(|m| m.role.as_str()).collect();
        if let Some(twice) =
            roles.iter().find(|role| roles.iter().filter(|r| r == role).count() > 1)
        {
            diagnostics.invalid(
                Path::attribute("rbac_role_mappings"),
                "A role is mapped twice",
                format!("The role {twice} is there more than once. List all its identities in one element."),
            );
        }
    }

    async fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        tags::plan(cx, change)?;
        capability::plan_unfinished(cx, change, &["server_url", "version"]);
        Ok(())
    }

    async fn create(cx: &Operation, planned: Self, progress: &mut Saved<'_, Self>) -> Result<Self> {
        let eks = cx.provider().eks(&planned.region).await?;
        let role = planned.role_arn.require("role_arn")?;
        capability::note_entry(cx, &eks, &planned.name()?, role).await;
        let mut doubt = trust::Doubt::new(role, &CAPABILITIES);
        let created = wait::retry(
            &cx.at_most(propagation::LIMIT),
            propagation::PACE,
            propagation::trust_not_propagated,
            || {
                let call = eks
                    .create_capability()
                    .set_cluster_name(planned.cluster_name.known().cloned())
                    .set_capability_name(planned.capability_name.known().cloned())
                    .r#type(CapabilityType::Argocd)
                    .role_arn(role)
                    .set_delete_propagation_policy(
                        planned.delete_propagation_policy.as_str().map(Into::into),
                    )
                    .configuration(planned.configuration())
                    .set_tags(tags::to_api(&planned.tags_all));
                let judge = doubt.next();
                async move {
                    let answer = call.send().await.operation("CreateCapability");
                    judge.judge(cx, answer).await
                }
            },
        )
        .await;
        let created = match created {
            Ok(answer) => answer.capability,
            Err(error) if error.is_conflict() || error.is_already_exists() => Some(
                capability::adopt(cx, &eks, &planned.name()?, error, |found| {
                    planned.could_be(found)
                })
                .await?,
            ),
            Err(error) => return Err(error),
        };
        // From here on it exists, whatever comes of it.
        progress.save(match &created {
            Some(created) => planned.seen(created.clone()),
            None => planned.clone(),
        });
        let ready = capability::wait_ready(cx, &eks, &planned.name()?).await?;
        let state = planned.seen(ready);
        progress.save(state.clone());
        // What was adopted may differ in what can be changed in place.
        Self::bring(cx, &state, &planned, progress).await
    }

    async fn read(cx: &Operation, state: Self) -> Result<Option<Self>> {
        let eks = cx.provider().eks(&state.region).await?;
        let found = capability::describe(&eks, &state.name()?).await?;
        if found.status == Some(CapabilityStatus::Deleting) {
            return Ok(None);
        }
        capability::note_unfinished(cx, &found);
        let mut read = state.seen(found);
        let before = [&state.tags, &state.tags_all];
        tags::read(cx, before, &mut read.tags, &mut read.tags_all)?;
        Ok(Some(read))
    }

    async fn update(
        cx: &Operation,
        prior: Self,
        planned: Self,
        progress: &mut Saved<'_, Self>,
    ) -> Result<Self> {
        let eks = cx.provider().eks(&planned.region).await?;
        capability::finish(cx, &eks, &planned.name()?).await?;
        Self::bring(cx, &prior, &planned, progress).await
    }

    async fn delete(cx: &Operation, state: Self) -> Result<()> {
        let eks = cx.provider().eks(&state.region).await?;
        let name = state.name()?;
        match capability::delete(cx, &eks, &name).await {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => {}
        }
        capability::remove_entry(cx, &eks, &name, state.role_arn.require("role_arn")?).await
    }
}

impl CapabilityArgocd {
    fn name(&self) -> Result<capability::Name> {
        Ok(capability::Name {
            cluster: self.cluster_name.require("cluster_name")?.clone(),
            capability: self.capability_name.require("capability_name")?.clone(),
        })
    }

    /// Whether an existing capability is the planned one in all that cannot be changed.
    fn could_be(&self, found: &Capability) -> bool {
        let seen = self.seen(found.clone());
        let idc = |of: &Self| {
            of.aws_idc.known().map(|idc| (idc.idc_instance_arn.clone(), idc.idc_region.clone()))
        };
        let fits = |wanted: &Attr<String>, found: &Attr<String>| {
            wanted.known().is_none() || wanted == found
        };
        let (Some((arn, region)), Some((found_arn, found_region))) = (idc(self), idc(&seen)) else {
            return false;
        };
        found.r#type == Some(CapabilityType::Argocd)
            && fits(&self.namespace, &seen.namespace)
            && fits(&arn, &found_arn)
            && fits(&region, &found_region)
            && self.endpoint_prefix.known() == seen.endpoint_prefix.known()
    }

    fn configuration(&self) -> sdk::CapabilityConfigurationRequest {
        let idc = self.aws_idc.known();
        let idc = sdk::ArgoCdAwsIdcConfigRequest::builder()
            .set_idc_instance_arn(idc.and_then(|idc| idc.idc_instance_arn.known().cloned()))
            .set_idc_region(idc.and_then(|idc| idc.idc_region.known().cloned()))
            .build()
            .ok();
        let mappings = roles(&self.rbac_role_mappings);
        let argo_cd = sdk::ArgoCdConfigRequest::builder()
            .set_namespace(self.namespace.known().cloned())
            .set_aws_idc(idc)
            .set_rbac_role_mappings((!mappings.is_empty()).then(|| to_api(&mappings)))
            .set_network_access(self.network())
            .set_endpoint_prefix(self.endpoint_prefix.known().cloned())
            .build();
        sdk::CapabilityConfigurationRequest::builder().argo_cd(argo_cd).build()
    }

    fn network(&self) -> Option<sdk::ArgoCdNetworkAccessConfigRequest> {
        let access = self.network_access.known()?;
        let ids = access.vpce_ids.known().map(|ids| ids.0.clone());
        Some(sdk::ArgoCdNetworkAccessConfigRequest::builder().set_vpce_ids(ids).build())
    }

    /// Brings a capability from one state to the planned one, in place.
    async fn bring(
        cx: &Operation,
        from: &Self,
        planned: &Self,
        progress: &mut Saved<'_, Self>,
    ) -> Result<Self> {
        let eks = cx.provider().eks(&planned.region).await?;
        let name = planned.name()?;
        let mut state = Self { timeouts: planned.timeouts.clone(), ..from.clone() };
        // What is there now decides what is revoked, not what the state remembers.
        let mut live = capability::describe(&eks, &name).await?;
        for _ in 0..MERGES {
            let Some(update) = planned.difference(&live) else { break };
            capability::update(cx, &eks, &name, || {
                eks.update_capability()
                    .set_role_arn(update.role_arn.clone())
                    .set_configuration(update.configuration.clone())
            })
            .await?;
            live = capability::describe(&eks, &name).await?;
            state =
                Self { tags: state.tags, tags_all: state.tags_all, ..planned.seen(live.clone()) };
            progress.save(state.clone());
        }
        if let Some(left) = planned.difference(&live) {
            return Err(Error::failed(format!(
                "the update ended well, and the capability still differs: {left:?}"
            )));
        }
        let arn = live.arn.clone().unwrap_or_default();
        tags::update(cx, &eks, &arn, &from.tags_all, &planned.tags_all).await?;
        Ok(Self { tags_all: planned.tags_all.clone(), ..planned.seen(live) })
    }

    /// What an update must send; `None` when the capability is as planned.
    fn difference(&self, live: &Capability) -> Option<Difference> {
        let seen = self.seen(live.clone());
        let role_arn = (seen.role_arn != self.role_arn).then(|| self.role_arn.known().cloned());
        let argo_cd = sdk::UpdateArgoCdConfig::builder()
            .set_rbac_role_mappings(role_changes(
                &roles(&seen.rbac_role_mappings),
                &roles(&self.rbac_role_mappings),
            ))
            .set_network_access((self.endpoints() != seen.endpoints()).then(|| {
                sdk::ArgoCdNetworkAccessConfigRequest::builder()
                    // An empty list opens it to the internet again.
                    .set_vpce_ids(Some(self.endpoints()))
                    .build()
            }))
            .build();
        let changed = argo_cd != sdk::UpdateArgoCdConfig::builder().build();
        let configuration =
            changed.then(|| sdk::UpdateCapabilityConfiguration::builder().argo_cd(argo_cd).build());
        let role_arn = role_arn.flatten();
        (role_arn.is_some() || configuration.is_some())
            .then_some(Difference { role_arn, configuration })
    }

    fn endpoints(&self) -> Vec<String> {
        let ids = self.network_access.known().and_then(|access| access.vpce_ids.known());
        let mut ids = ids.map(|ids| ids.0.clone()).unwrap_or_default();
        ids.sort();
        ids
    }

    /// This configuration with what the API says.
    fn seen(&self, found: Capability) -> Self {
        let argo_cd = found.configuration.and_then(|configuration| configuration.argo_cd);
        let argo_cd = argo_cd.unwrap_or_else(|| sdk::ArgoCdConfigResponse::builder().build());
        let idc = argo_cd.aws_idc.map(|idc| AwsIdc {
            idc_instance_arn: idc.idc_instance_arn.into(),
            idc_region: idc.idc_region.into(),
            idc_managed_application_arn: idc.idc_managed_application_arn.into(),
        });
        let mappings = from_api(argo_cd.rbac_role_mappings);
        let endpoints = argo_cd.network_access.and_then(|access| access.vpce_ids);
        let endpoints = endpoints.filter(|ids| !ids.is_empty());
        Self {
            cluster_name: found.cluster_name.into(),
            capability_name: found.capability_name.into(),
            role_arn: found.role_arn.into(),
            delete_propagation_policy: found
                .delete_propagation_policy
                .map(|policy| policy.as_str().to_owned())
                .into(),
            namespace: argo_cd.namespace.into(),
            aws_idc: idc.into(),
            rbac_role_mappings: (!mappings.0.is_empty()).then_some(mappings).into(),
            network_access: match endpoints {
                Some(ids) => Attr::Known(NetworkAccess { vpce_ids: Attr::Known(Set(ids)) }),
                // Nothing, and a block that says nothing, are the same to the API.
                None if self.endpoints().is_empty() => self.network_access.clone(),
                None => Attr::Null,
            },
            endpoint_prefix: argo_cd.endpoint_prefix.into(),
            region: self.region.clone(),
            tags: self.tags.clone(),
            tags_all: tags::from_api(found.tags),
            arn: found.arn.into(),
            server_url: argo_cd.server_url.into(),
            version: found.version.into(),
            timeouts: self.timeouts.clone(),
        }
    }
}

/// The API may merge identities into a role instead of replacing them (its
/// description leaves that open), so what is left over is sent once more.
const MERGES: usize = 2;

#[derive(Debug)]
struct Difference {
    role_arn: Option<String>,
    configuration: Option<sdk::UpdateCapabilityConfiguration>,
}

/// Identities by role, each as type and id.
type Roles = BTreeMap<String, Vec<(String, String)>>;

fn roles(mappings: &Attr<Set<RoleMapping>>) -> Roles {
    let mut roles = Roles::new();
    for mapping in mappings.known().map(|set| set.0.as_slice()).unwrap_or_default() {
        let Some(role) = mapping.role.known() else { continue };
        let identities = roles.entry(role.clone()).or_default();
        for identity in mapping.identities.known().map(|set| set.0.as_slice()).unwrap_or_default() {
            if let (Some(kind), Some(id)) = (identity.r#type.known(), identity.id.known()) {
                identities.push((kind.clone(), id.clone()));
            }
        }
        identities.sort();
        identities.dedup();
    }
    roles
}

fn from_api(mappings: Option<Vec<sdk::ArgoCdRoleMapping>>) -> Set<RoleMapping> {
    let mappings = mappings.unwrap_or_default().into_iter().map(|mapping| RoleMapping {
        role: mapping.role.as_str().to_owned().into(),
        identities: Set(mapping
            .identities
            .into_iter()
            .map(|identity| Identity {
                id: identity.id.into(),
                r#type: identity.r#type.as_str().to_owned().into(),
            })
            .collect())
        .into(),
    });
    Set(mappings.collect())
}

fn to_api(roles: &Roles) -> Vec<sdk::ArgoCdRoleMapping> {
    let identity = |(kind, id): &(String, String)| {
        sdk::SsoIdentity::builder().r#type(kind.as_str().into()).id(id).build().ok()
    };
    roles
        .iter()
        .filter_map(|(role, identities)| {
            sdk::ArgoCdRoleMapping::builder()
                .role(role.as_str().into())
                .set_identities(Some(identities.iter().filter_map(identity).collect()))
                .build()
                .ok()
        })
        .collect()
}

/// The changes that lead from the live identities to the wanted ones, identity
/// by identity: one that is left out of a role must be named to lose it.
fn role_changes(live: &Roles, wanted: &Roles) -> Option<sdk::UpdateRoleMappings> {
    let mut removed = Roles::new();
    for (role, identities) in live {
        let keep = wanted.get(role);
        let gone: Vec<_> = identities
            .iter()
            .filter(|identity| !keep.is_some_and(|keep| keep.contains(identity)))
            .cloned()
            .collect();
        if !gone.is_empty() {
            removed.insert(role.clone(), gone);
        }
    }
    let mut added = wanted.clone();
    added.retain(|role, identities| {
        !identities.iter().all(|id| live.get(role).is_some_and(|live| live.contains(id)))
    });
    if removed.is_empty() && added.is_empty() {
        return None;
    }
    let some = |roles: Roles| (!roles.is_empty()).then(|| to_api(&roles));
    Some(
        sdk::UpdateRoleMappings::builder()
            .set_add_or_update_role_mappings(some(added))
            .set_remove_role_mappings(some(removed))
            .build(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles_of(mappings: &[(&str, &[&str])]) -> Roles {
        let identities =
            |ids: &[&str]| ids.iter().map(|id| ("SSO_USER".to_owned(), (*id).to_owned())).collect();
        mappings.iter().map(|(role, ids)| ((*role).to_owned(), identities(ids))).collect()
    }

    fn changed(live: &[(&str, &[&str])], wanted: &[(&str, &[&str])]) -> (Roles, Roles) {
        let update = role_changes(&roles_of(live), &roles_of(wanted));
        let side = |side: Option<Vec<sdk::ArgoCdRoleMapping>>| roles(&Attr::Known(from_api(side)));
        let update = update.unwrap_or_else(|| sdk::UpdateRoleMappings::builder().build());
        (side(update.add_or_update_role_mappings), side(update.remove_role_mappings))
    }

    #[test]
    fn an_identity_that_is_removed_from_a_role_is_revoked_by_name() {
        let (added, removed) = changed(&[("ADMIN", &["a", "b"])], &[("ADMIN", &["a"])]);
        assert_eq!(added, Roles::new());
        assert_eq!(removed, roles_of(&[("ADMIN", &["b"])]));
    }

    #[test]
    fn an_identity_that_changes_its_role_loses_the_old_one() {
        let (added, removed) =
            changed(&[("ADMIN", &["a", "b"])], &[("ADMIN", &["a"]), ("VIEWER", &["b"])]);
        assert_eq!(added, roles_of(&[("VIEWER", &["b"])]));
        assert_eq!(removed, roles_of(&[("ADMIN", &["b"])]));
    }

    #[test]
    fn a_role_that_gains_an_identity_is_sent_whole() {
        let (added, removed) = changed(&[("ADMIN", &["a"])], &[("ADMIN", &["a", "b"])]);
        assert_eq!(added, roles_of(&[("ADMIN", &["a", "b"])]));
        assert_eq!(removed, Roles::new());
    }

    #[test]
    fn nothing_is_sent_when_nothing_changes() {
        assert!(
            role_changes(&roles_of(&[("ADMIN", &["a"])]), &roles_of(&[("ADMIN", &["a"])]))
                .is_none()
        );
    }
}
