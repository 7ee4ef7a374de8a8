//! What is known of the kinds that come with every API server.

use super::content::group;

/// Groups with kinds of the whole cluster, and those; `*` for all kinds of the group.
const CLUSTER_WIDE: [(&str, &[&str]); 12] = [
    ("", &["ComponentStatus", "Namespace", "Node", "PersistentVolume"]),
    ("admissionregistration.k8s.io", &["*"]),
    ("apiextensions.k8s.io", &["*"]),
    ("apiregistration.k8s.io", &["*"]),
    ("certificates.k8s.io", &["CertificateSigningRequest", "ClusterTrustBundle"]),
    ("flowcontrol.apiserver.k8s.io", &["*"]),
    ("networking.k8s.io", &["IPAddress", "IngressClass", "ServiceCIDR"]),
    ("node.k8s.io", &["*"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding"]),
    ("resource.k8s.io", &["DeviceClass", "ResourceSlice"]),
    ("scheduling.k8s.io", &["*"]),
    (
        "storage.k8s.io",
        &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"],
    ),
];

/// Groups that come with every API server and have kinds in namespaces, and those; `*` for all
/// kinds that are not of the whole cluster.
const NAMESPACED: [(&str, &[&str]); 10] = [
    ("", &["*"]),
    ("apps", &["*"]),
    ("autoscaling", &["*"]),
    ("batch", &["*"]),
    ("coordination.k8s.io", &["Lease"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    ("networking.k8s.io", &["Ingress", "NetworkPolicy"]),
    ("policy", &["*"]),
    ("rbac.authorization.k8s.io", &["Role", "RoleBinding"]),
    ("storage.k8s.io", &["CSIStorageCapacity"]),
];

/// The kind of those that define others.
pub(super) const DEFINITION: (&str, &str) = ("apiextensions.k8s.io", "CustomResourceDefinition");

/// Whether objects of a kind are in namespaces; `None` for kinds that are defined in a cluster.
pub(super) fn is_namespaced(api_version: &str, kind: &str) -> Option<bool> {
    let has = |table: &[(&str, &[&str])]| {
        table.iter().any(|(name, kinds)| {
            *name == group(api_version) && (kinds.contains(&kind) || kinds == &["*"])
        })
    };
    if has(&CLUSTER_WIDE) {
        return Some(false);
    }
    has(&NAMESPACED).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kinds_of_kubernetes_itself_are_known() {
        for (api_version, kind, namespaced) in [
            ("v1", "Namespace", Some(false)),
            ("v1", "ConfigMap", Some(true)),
            ("apps/v1", "Deployment", Some(true)),
            ("rbac.authorization.k8s.io/v1", "ClusterRole", Some(false)),
            ("rbac.authorization.k8s.io/v1", "Role", Some(true)),
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition", Some(false)),
            ("networking.k8s.io/v1", "Ingress", Some(true)),
            ("gateway.networking.k8s.io/v1", "Gateway", None),
            ("argoproj.io/v1alpha1", "Application", None),
        ] {
            assert_eq!(is_namespaced(api_version, kind), namespaced, "{api_version} {kind}");
        }
    }
}
