//! The EKS capability for ACK, the AWS Controllers for Kubernetes.

use aws_sdk_eks::types::{self as sdk, CapabilityType};

use super::capability::{self, Common, Kind};
use crate::framework::{Attr, Model, Set};

/// Amazon EKS runs the AWS Controllers for Kubernetes (ACK) for the cluster: objects in the cluster
/// stand for resources of AWS, which the controllers make, change and delete.
///
/// The controllers act with `role_arn`, directly or by way of the roles that an `IAMRoleSelector`
/// in the cluster names: that role needs the permissions for what they manage. The capability gets
/// an access entry on its own cluster. Destroying it removes the controllers and leaves their
/// objects, with the resources of AWS behind them, so destroy the objects first.
#[derive(Clone, Debug, Default, Model)]
pub struct CapabilityAck {
    /// What is common to all capabilities.
    #[attr(flatten)]
    pub common: Common,
    /// Name of the capability, unique within the cluster; `ack` when not set.
    #[attr(default = "ack", replace, identity, check = capability::name)]
    pub capability_name: Attr<String>,
    /// Whether an object may refer to one of another namespace. When not set, EKS decides at the
    /// creation (`false`; `true` for capabilities that are older than this setting), and it stays.
    #[attr(optional, computed, stable)]
    pub enable_cross_namespace: Attr<bool>,
    /// Services of AWS whose controllers are turned off, such as `s3`, as ACK spells them: lower
    /// case letters and digits. What exists of theirs stays, and is not reconciled. None when not
    /// set.
    #[attr(length(0, 200), check = service)]
    pub disabled_services: Attr<Set<String>>,
}

impl Kind for CapabilityAck {
    const NAME: &'static str = "eks_capability_ack";
    const TYPE: CapabilityType = CapabilityType::Ack;

    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn capability_name(&self) -> &Attr<String> {
        &self.capability_name
    }

    fn configuration(&self) -> Option<sdk::CapabilityConfigurationRequest> {
        let services = self.services();
        let ack = sdk::AckConfigRequest::builder()
            .set_enable_cross_namespace(self.enable_cross_namespace.known().copied())
            .set_disabled_services((!services.is_empty()).then_some(services))
            .build();
        let asks = ack != sdk::AckConfigRequest::builder().build();
        asks.then(|| sdk::CapabilityConfigurationRequest::builder().ack(ack).build())
    }

    fn difference(&self, live: &Self) -> Option<sdk::UpdateCapabilityConfiguration> {
        let crosses = self.enable_cross_namespace.known().copied();
        let crosses =
            crosses.filter(|crosses| live.enable_cross_namespace != Attr::Known(*crosses));
        let services = self.services();
        let ack = sdk::UpdateAckConfig::builder()
            .set_enable_cross_namespace(crosses)
            // The list replaces the one before; an empty one turns all services on again.
            .set_disabled_services((services != live.services()).then_some(services))
            .build();
        let changed = ack != sdk::UpdateAckConfig::builder().build();
        changed.then(|| sdk::UpdateCapabilityConfiguration::builder().ack(ack).build())
    }

    fn seen(
        &self,
        name: Attr<String>,
        common: Common,
        configuration: sdk::CapabilityConfigurationResponse,
    ) -> Self {
        let ack = configuration.ack;
        // What EKS does not mention is off.
        let crosses = ack.as_ref().and_then(|ack| ack.enable_cross_namespace).unwrap_or_default();
        let services = ack.and_then(|ack| ack.disabled_services).unwrap_or_default();
        Self {
            common,
            capability_name: name,
            enable_cross_namespace: crosses.into(),
            disabled_services: if services.is_empty() && self.services().is_empty() {
                // No list and an empty one are the same to the API.
                self.disabled_services.clone()
            } else {
                Attr::Known(Set(services))
            },
        }
    }
}

impl CapabilityAck {
    /// The services that are turned off, in an order that tells sets apart.
    fn services(&self) -> Vec<String> {
        let services = self.disabled_services.known().map(|services| services.0.clone());
        let mut services = services.unwrap_or_default();
        services.sort();
        services.dedup();
        services
    }
}

/// Rule of the name of a service, from the API's model. Which services there are is not checked,
/// here or there: an unknown one turns nothing off.
fn service(service: &str) -> std::result::Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if (1..=63).contains(&service.len())
        && service.chars().all(fits)
        && service.starts_with(|c: char| c.is_ascii_lowercase())
    {
        return Ok(());
    }
    Err(format!(
        "{service:?} is not a service as ACK spells it: 1 to 63 lower case letters and digits, the \
         first a letter"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(crosses: Option<bool>, services: Option<&[&str]>) -> CapabilityAck {
        let set = |names: &[&str]| Set(names.iter().map(|name| (*name).to_owned()).collect());
        CapabilityAck {
            enable_cross_namespace: crosses.into(),
            disabled_services: services.map(set).into(),
            ..CapabilityAck::default()
        }
    }

    fn found(crosses: bool, services: &[&str]) -> sdk::CapabilityConfigurationResponse {
        let services = services.iter().map(|name| (*name).to_owned()).collect();
        let ack = sdk::AckConfigResponse::builder()
            .enable_cross_namespace(crosses)
            .set_disabled_services(Some(services));
        sdk::CapabilityConfigurationResponse::builder().ack(ack.build()).build()
    }

    fn seen(ours: &CapabilityAck, found: sdk::CapabilityConfigurationResponse) -> CapabilityAck {
        ours.seen(Attr::Null, Common::default(), found)
    }

    #[test]
    fn what_is_not_configured_is_not_asked_for() {
        assert_eq!(ack(None, None).configuration(), None);
        assert_eq!(ack(None, Some(&[])).configuration(), None);
        let asked = ack(Some(false), Some(&["s3"])).configuration().unwrap().ack.unwrap();
        assert_eq!(asked.enable_cross_namespace, Some(false));
        assert_eq!(asked.disabled_services(), ["s3"]);
    }

    #[test]
    fn an_update_sends_what_differs_and_the_list_of_services_whole() {
        let live = ack(Some(false), Some(&["ec2", "s3"]));
        assert_eq!(ack(Some(false), Some(&["s3", "ec2"])).difference(&live), None);
        let changed = |planned: CapabilityAck| planned.difference(&live).unwrap().ack.unwrap();
        let update = changed(ack(Some(true), Some(&["s3", "ec2"])));
        assert_eq!(update.enable_cross_namespace, Some(true));
        assert_eq!(update.disabled_services, None);
        let update = changed(ack(Some(false), Some(&["s3", "rds"])));
        assert_eq!(update.enable_cross_namespace, None);
        assert_eq!(update.disabled_services(), ["rds", "s3"]);
        // Without the attribute all services are on.
        assert_eq!(changed(ack(Some(false), None)).disabled_services, Some(vec![]));
    }

    #[test]
    fn no_list_and_an_empty_one_are_each_seen_as_configured() {
        for ours in [ack(None, None), ack(None, Some(&[]))] {
            let seen = seen(&ours, found(true, &[]));
            assert_eq!(seen.disabled_services, ours.disabled_services);
            assert_eq!(seen.enable_cross_namespace, Attr::Known(true));
        }
        let services = seen(&ack(None, None), found(false, &["s3"])).services();
        assert_eq!(services, ["s3"]);
    }

    #[test]
    fn a_capability_without_settings_crosses_no_namespaces() {
        let nothing = sdk::CapabilityConfigurationResponse::builder().build();
        let seen = seen(&ack(None, None), nothing);
        assert_eq!(seen.enable_cross_namespace, Attr::Known(false));
        assert_eq!(seen.disabled_services, Attr::Null);
    }

    #[test]
    fn services_are_spelled_as_ack_spells_them() {
        for good in ["s3", "iam", "ec2", "opensearchservice", &"a".repeat(63)] {
            assert_eq!(service(good), Ok(()), "{good}");
        }
        for bad in ["", "S3", "3s", "s-3", "s3 ", &"a".repeat(64)] {
            assert!(service(bad).is_err(), "{bad}");
        }
    }
}
