//! What capabilities of all types have in common.

use serde_json::json;

use super::super::capability_ack::CapabilityAck;
use super::super::capability_argocd::CapabilityArgocd;
use super::super::capability_kro::CapabilityKro;
use super::*;

const ROLE: &str = "arn:aws:iam::123456789012:role/kro";

fn planned<K: Kind + Default>(role: &str) -> K {
    let mut planned = K::default();
    planned.common_mut().role_arn = role.to_owned().into();
    planned.common_mut().timeouts = Attr::Known(Timeouts::default());
    planned
}

fn live() -> sdk::Capability {
    sdk::Capability::builder()
        .cluster_name("main")
        .capability_name("kro")
        .role_arn(ROLE)
        .version("v0.9.4")
        .tags("team", "a")
        .build()
}

#[test]
fn what_the_api_says_is_seen_and_what_only_the_configuration_says_stays() {
    let seen = seen(&planned::<CapabilityKro>("another"), live());
    assert_eq!(seen.capability_name.as_str(), Some("kro"));
    assert_eq!(seen.common.cluster_name.as_str(), Some("main"));
    assert_eq!(seen.common.role_arn.as_str(), Some(ROLE));
    assert_eq!(seen.common.version.as_str(), Some("v0.9.4"));
    assert_eq!(seen.common.tags_all.known().unwrap()["team"], "a");
    assert_eq!(seen.common.tags, Attr::Null);
    assert!(seen.common.timeouts.is_set());
}

#[test]
fn only_what_differs_is_sent() {
    assert!(difference(&planned::<CapabilityKro>(ROLE), &live()).is_none());
    let another = "arn:aws:iam::123456789012:role/another";
    let sent = difference(&planned::<CapabilityKro>(another), &live()).unwrap();
    assert_eq!(sent.role_arn.as_deref(), Some(another));
    assert_eq!(sent.configuration, None);
    let mut ack = planned::<CapabilityAck>(ROLE);
    ack.enable_cross_namespace = true.into();
    let sent = difference(&ack, &live()).unwrap();
    assert_eq!(sent.role_arn, None);
    let ack = sent.configuration.unwrap().ack.unwrap();
    assert_eq!(ack.enable_cross_namespace, Some(true));
}

#[test]
fn a_capability_of_the_aws_provider_is_moved_to_the_resource_of_its_type() {
    type Find = fn(&Foreign<'_>) -> Result<Object>;
    let finds: [(&str, Find); 3] = [
        ("ACK", find_peer::<CapabilityAck>),
        ("ARGOCD", find_peer::<CapabilityArgocd>),
        ("KRO", find_peer::<CapabilityKro>),
    ];
    for (kind, find) in finds {
        for (other, _) in finds {
            let state = json!({ "type": other, "cluster_name": "main", "capability_name": "mine" });
            let foreign = Foreign { provider: "", type_name: "aws_eks_capability", state: &state };
            let found = find(&foreign);
            if kind == other {
                assert_eq!(found.unwrap()["capability_name"], "mine".into());
            } else {
                let error = found.unwrap_err();
                assert!(error.message().contains(other) && error.message().contains(kind));
            }
        }
    }
}

#[test]
fn names_of_capabilities_are_those_of_the_guide() {
    for good in ["argocd", "Argo_CD-2"] {
        assert_eq!(name(good), Ok(()));
    }
    for bad in ["", "argo.cd", "argo cd"] {
        assert!(name(bad).is_err(), "{bad}");
    }
}
