//! The EKS capability for Argo CD.

use std::collections::BTreeMap;

use aws_sdk_eks::types::{self as sdk, CapabilityType};

use super::capability::{self, Common, Kind};
use crate::framework::checks::{dns_label, idc_instance_arn, region as region_name};
use crate::framework::{Attr, Diagnostics, Model, Path, Set};

/// Amazon EKS runs Argo CD for the cluster: its controllers live outside of it, and its objects in
/// one namespace of it.
///
/// The capability gets an access entry on its own cluster, with what Argo CD itself needs and no
/// permission to deploy anything: see `gitops_eks_access_entry`. Users log in by IAM Identity
/// Center. Destroying the capability removes the controllers and leaves Argo CD's objects in the
/// cluster, so destroy the applications first.
#[derive(Clone, Debug, Default, Model)]
pub struct CapabilityArgocd {
    /// What is common to all capabilities.
    #[attr(flatten)]
    pub common: Common,
    /// Name of the capability, unique within the cluster; `argocd` when not set.
    #[attr(default = "argocd", replace, identity, check = capability::name)]
    pub capability_name: Attr<String>,
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
    #[attr(replace, check = endpoint_prefix)]
    pub endpoint_prefix: Attr<String>,
    /// URL of Argo CD's API and UI.
    #[attr(computed, stable)]
    pub server_url: Attr<String>,
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

impl Kind for CapabilityArgocd {
    const NAME: &'static str = "eks_capability_argocd";
    const TYPE: CapabilityType = CapabilityType::Argocd;
    const KNOWN_LATER: &'static [&'static str] = &["server_url", "version"];

    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn capability_name(&self) -> &Attr<String> {
        &self.capability_name
    }

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

    fn configuration(&self) -> Option<sdk::CapabilityConfigurationRequest> {
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
        Some(sdk::CapabilityConfigurationRequest::builder().argo_cd(argo_cd).build())
    }

    fn difference(&self, live: &Self) -> Option<sdk::UpdateCapabilityConfiguration> {
        let argo_cd = sdk::UpdateArgoCdConfig::builder()
            .set_rbac_role_mappings(role_changes(
                &roles(&live.rbac_role_mappings),
                &roles(&self.rbac_role_mappings),
            ))
            .set_network_access((self.endpoints() != live.endpoints()).then(|| {
                sdk::ArgoCdNetworkAccessConfigRequest::builder()
                    // An empty list opens it to the internet again.
                    .set_vpce_ids(Some(self.endpoints()))
                    .build()
            }))
            .build();
        let changed = argo_cd != sdk::UpdateArgoCdConfig::builder().build();
        changed.then(|| sdk::UpdateCapabilityConfiguration::builder().argo_cd(argo_cd).build())
    }

    fn could_be(&self, found: &Self) -> bool {
        let idc = |of: &Self| {
            of.aws_idc.known().map(|idc| (idc.idc_instance_arn.clone(), idc.idc_region.clone()))
        };
        let fits = |wanted: &Attr<String>, found: &Attr<String>| {
            wanted.known().is_none() || wanted == found
        };
        let (Some((arn, region)), Some((found_arn, found_region))) = (idc(self), idc(found)) else {
            return false;
        };
        fits(&self.namespace, &found.namespace)
            && fits(&arn, &found_arn)
            && fits(&region, &found_region)
            && self.endpoint_prefix.known() == found.endpoint_prefix.known()
    }

    fn seen(
        &self,
        name: Attr<String>,
        common: Common,
        configuration: sdk::CapabilityConfigurationResponse,
    ) -> Self {
        let nothing = || sdk::ArgoCdConfigResponse::builder().build();
        let argo_cd = configuration.argo_cd.unwrap_or_else(nothing);
        let idc = argo_cd.aws_idc.map(|idc| AwsIdc {
            idc_instance_arn: idc.idc_instance_arn.into(),
            idc_region: idc.idc_region.into(),
            idc_managed_application_arn: idc.idc_managed_application_arn.into(),
        });
        let mappings = from_api(argo_cd.rbac_role_mappings);
        let endpoints = argo_cd.network_access.and_then(|access| access.vpce_ids);
        let endpoints = endpoints.filter(|ids| !ids.is_empty());
        Self {
            common,
            capability_name: name,
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
            server_url: argo_cd.server_url.into(),
        }
    }
}

impl CapabilityArgocd {
    fn network(&self) -> Option<sdk::ArgoCdNetworkAccessConfigRequest> {
        let access = self.network_access.known()?;
        let ids = access.vpce_ids.known().map(|ids| ids.0.clone());
        Some(sdk::ArgoCdNetworkAccessConfigRequest::builder().set_vpce_ids(ids).build())
    }

    fn endpoints(&self) -> Vec<String> {
        let ids = self.network_access.known().and_then(|access| access.vpce_ids.known());
        let mut ids = ids.map(|ids| ids.0.clone()).unwrap_or_default();
        ids.sort();
        ids
    }
}

/// Rule of the first part of a host name, from the API's model.
fn endpoint_prefix(prefix: &str) -> std::result::Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=50).contains(&prefix.len())
        && prefix.chars().all(fits)
        && !prefix.starts_with('-')
        && !prefix.ends_with('-')
    {
        return Ok(());
    }
    Err(format!(
        "{prefix:?} is not the beginning of a host name: 1 to 50 lower case letters, digits and \
         \"-\", the last not at an end"
    ))
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
mod tests;
