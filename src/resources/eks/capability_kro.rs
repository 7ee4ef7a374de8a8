//! The EKS capability for kro, the Kube Resource Orchestrator.

use aws_sdk_eks::types::{self as sdk, CapabilityType};

use super::capability::{self, Common, Kind};
use crate::framework::{Attr, Model};

/// Amazon EKS runs kro (Kube Resource Orchestrator) for the cluster: each of its
/// `ResourceGraphDefinition`s is an API of its own, whose objects become many.
///
/// kro calls nothing of AWS, so the role needs no permissions. The capability gets an access entry
/// on its own cluster, with what kro itself needs and no permission for the objects that graphs
/// are made of: see `gitops_eks_access_entry`. Destroying the capability removes the controller and
/// leaves what is in the cluster, so destroy the objects of the graphs first.
#[derive(Clone, Debug, Default, Model)]
pub struct CapabilityKro {
    /// What is common to all capabilities.
    #[attr(flatten)]
    pub common: Common,
    /// Name of the capability, unique within the cluster; `kro` when not set.
    #[attr(default = "kro", replace, identity, check = capability::name)]
    pub capability_name: Attr<String>,
}

impl Kind for CapabilityKro {
    const NAME: &'static str = "eks_capability_kro";
    const TYPE: CapabilityType = CapabilityType::Kro;

    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn capability_name(&self) -> &Attr<String> {
        &self.capability_name
    }

    /// The API has no settings for kro.
    fn configuration(&self) -> Option<sdk::CapabilityConfigurationRequest> {
        None
    }

    fn difference(&self, _live: &Self) -> Option<sdk::UpdateCapabilityConfiguration> {
        None
    }

    fn seen(
        &self,
        name: Attr<String>,
        common: Common,
        _configuration: sdk::CapabilityConfigurationResponse,
    ) -> Self {
        Self { common, capability_name: name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kro_is_asked_for_and_seen_without_settings() {
        let ours = CapabilityKro::default();
        assert_eq!(ours.configuration(), None);
        // Settings of another type would be refused by the API, and are not taken for ours.
        let ack = sdk::AckConfigResponse::builder().enable_cross_namespace(true).build();
        let found = sdk::CapabilityConfigurationResponse::builder().ack(ack).build();
        let role = Attr::Known("arn:aws:iam::123456789012:role/kro".to_owned());
        let common = Common { role_arn: role.clone(), ..Common::default() };
        let seen = ours.seen("kro".to_owned().into(), common, found);
        assert_eq!(seen.capability_name.as_str(), Some("kro"));
        assert_eq!(seen.common.role_arn, role);
        assert_eq!(ours.difference(&seen), None);
    }
}
