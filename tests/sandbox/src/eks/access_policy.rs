//! Access policies and their association with access entries.
//!
//! An association's key is (cluster, principal, policy): associating again replaces the scope.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    access_entry::{self, require_standard},
    arn::Arn,
    error::{ApiError, ErrorKind},
    glob,
    input::{Call, Input},
    page::Page,
    state::{Shared, epoch},
};

/// The names that `ListAccessPolicies` gave in spring 2026; AWS adds to them.
const POLICIES: [&str; 33] = [
    "AIDevOpsAgentAccessPolicy",
    "AmazonAIOpsAssistantPolicy",
    "AmazonARCRegionSwitchScalingPolicy",
    "AmazonEKSACKPolicy",
    "AmazonEKSAdminPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSArgoCDClusterPolicy",
    "AmazonEKSArgoCDPolicy",
    "AmazonEKSAutoNodePolicy",
    "AmazonEKSBlockStorageClusterPolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSClusterAdminPolicy",
    "AmazonEKSComputeClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSEventPolicy",
    "AmazonEKSHybridPolicy",
    "AmazonEKSKROPolicy",
    "AmazonEKSLoadBalancingClusterPolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingClusterPolicy",
    "AmazonEKSNetworkingPolicy",
    "AmazonEKSPodIdentityPolicy",
    "AmazonEKSSecretAdminPolicy",
    "AmazonEKSSecretReaderPolicy",
    "AmazonEKSViewPolicy",
    "AmazonEMRJobPolicy",
    "AmazonSagemakerHyperpodClusterPolicy",
    "AmazonSagemakerHyperpodControllerPolicy",
    "AmazonSagemakerHyperpodSpacePolicy",
    "AmazonSagemakerHyperpodSpaceTemplatePolicy",
    "AmazonSagemakerHyperpodSystemNamespacePolicy",
    "AmazonSagemakerHyperpodUserClusterPolicy",
];

/// Those that only service-linked roles may have, which no access entry can name.
const SERVICE_LINKED_ONLY: [&str; 5] = [
    "AmazonEKSBlockStorageClusterPolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSComputeClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSHybridPolicy",
];

/// What is before the name in a policy's ARN, after the partition.
const PREFIX: &str = "cluster-access-policy/";

/// Where a policy's permissions hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Cluster,
    /// Names or patterns such as `dev-*`; whether they exist is not checked.
    Namespaces(Vec<String>),
}

impl Scope {
    fn parse(input: &Input<'_>) -> Result<Self, ApiError> {
        let kind = input.required_choice("type", &["cluster", "namespace"])?;
        let namespaces = input.strings("namespaces")?.unwrap_or_default();
        match (kind, namespaces.is_empty()) {
            ("cluster", true) => Ok(Self::Cluster),
            ("cluster", false) => Err(ApiError::invalid_parameter(
                "accessScope should not include namespaces if the type is not set as namespace",
            )),
            (_, true) => Err(ApiError::invalid_parameter(
                "At least 1 namespace must be provided if the type is set as namespace",
            )),
            (_, false) => Ok(Self::Namespaces(namespaces)),
        }
    }

    fn render(&self) -> Value {
        match self {
            Self::Cluster => json!({ "type": "cluster", "namespaces": [] }),
            Self::Namespaces(names) => json!({ "type": "namespace", "namespaces": names }),
        }
    }

    /// Whether a request in this namespace (none: of the cluster) is inside.
    pub(crate) fn covers(&self, namespace: Option<&str>) -> bool {
        match (self, namespace) {
            (Self::Cluster, _) => true,
            (Self::Namespaces(_), None) => false,
            (Self::Namespaces(patterns), Some(namespace)) => {
                let mut patterns = patterns.iter();
                patterns.any(|pattern| glob::matches(pattern, namespace))
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct PolicyAssociation {
    pub(crate) scope: Scope,
    pub(crate) associated_at: Timestamp,
    modified_at: Timestamp,
}

impl PolicyAssociation {
    pub(crate) fn new(scope: Scope) -> Self {
        let now = Timestamp::now();
        Self { scope, associated_at: now, modified_at: now }
    }

    pub(crate) fn render(&self, policy_arn: &str) -> Value {
        json!({
            "policyArn": policy_arn,
            "accessScope": self.scope.render(),
            "associatedAt": epoch(self.associated_at),
            "modifiedAt": epoch(self.modified_at),
        })
    }
}

/// The ARN of a policy: without region, of the account `aws`.
pub(crate) fn policy_arn(partition: &str, name: &str) -> String {
    format!("arn:{partition}:eks::aws:{PREFIX}{name}")
}

/// The name in a policy's ARN.
pub(crate) fn policy_name(arn: &str) -> Option<&str> {
    let parts = Arn::parse(arn)?;
    let named = parts.service == "eks" && parts.region.is_empty() && parts.account == "aws";
    parts.resource.strip_prefix(PREFIX).filter(|name| named && !name.is_empty())
}

pub(crate) fn list(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let invalid = ErrorKind::InvalidParameterException;
    let page = Page::parse(call, invalid, shared.faults.page_limit())?;
    let policies = POLICIES.iter().map(|name| {
        let arn = policy_arn(shared.partition, name);
        ((*name).to_owned(), json!({ "name": name, "arn": arn }))
    });
    Ok(page.render("accessPolicies", policies).into())
}

pub(crate) fn associate(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let input = call.input();
    let arn = input.required_string("policyArn")?;
    let name = policy_name(arn).ok_or_else(|| {
        ApiError::invalid_parameter("The policyArn parameter format is not valid")
    })?;
    let scope = Scope::parse(&input.required_structure("accessScope")?)?;

    let mut state = shared.state();
    let cluster = state.cluster_mut(call.cluster())?;
    cluster.require_access_entries()?;
    let principal = call.path("principalArn");
    let entry = cluster.access_entries.get_mut(principal);
    let entry = entry.ok_or_else(access_entry::absent)?;
    // A name that does not exist and one of another partition read the same.
    if !POLICIES.contains(&name) || arn != policy_arn(shared.partition, name) {
        let message = "The specified policyArn could not be found.";
        return Err(ApiError::not_found(message));
    }
    // Nodes of Auto Mode take the policy made for them and no other.
    if (entry.kind.as_str(), name) != ("EC2", "AmazonEKSAutoNodePolicy") {
        require_standard(entry)?;
    }
    if SERVICE_LINKED_ONLY.contains(&name) {
        return Err(ApiError::invalid_parameter(
            "The specified policyArn can only be associated with service-linked roles",
        ));
    }
    let association = entry
        .policies
        .entry(arn.to_owned())
        .and_modify(|association| {
            association.scope = scope.clone();
            association.modified_at = Timestamp::now();
        })
        .or_insert_with(|| PolicyAssociation::new(scope));
    Ok(json!({
        "clusterName": call.cluster(),
        "principalArn": principal,
        "associatedAccessPolicy": association.render(arn),
    }))
}

pub(crate) fn disassociate(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let mut state = shared.state();
    let cluster = state.cluster_mut(call.cluster())?;
    cluster.require_access_entries()?;
    let entry = cluster.access_entries.get_mut(call.path("principalArn"));
    let entry = entry.ok_or_else(access_entry::absent)?;
    match entry.policies.remove(call.path("policyArn")) {
        Some(_) => Ok(json!({})),
        None => Err(ApiError::not_found(
            "The specified policyArn is not associated with the access entry.",
        )),
    }
}

pub(crate) fn list_associated(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    // The only 400 that this operation's model has.
    let invalid = ErrorKind::InvalidRequestException;
    let page = Page::parse(call, invalid, shared.faults.page_limit())?;
    let state = shared.state();
    let cluster = state.cluster(call.cluster())?;
    cluster.require_access_entries()?;
    let principal = call.path("principalArn");
    let entry = cluster.access_entries.get(principal);
    let entry = entry.ok_or_else(access_entry::absent)?;
    let policies: BTreeMap<_, _> = entry
        .policies
        .iter()
        .map(|(arn, association)| (arn.clone(), association.render(arn)))
        .collect();
    let mut output = page.render("associatedAccessPolicies", policies);
    output.insert("clusterName".to_owned(), json!(call.cluster()));
    output.insert("principalArn".to_owned(), json!(principal));
    Ok(output.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_listed_in_the_order_of_their_keys() {
        assert!(POLICIES.is_sorted(), "pages follow the order of the keys");
        assert!(SERVICE_LINKED_ONLY.iter().all(|name| POLICIES.contains(name)));
    }

    #[test]
    fn only_cluster_access_policies_have_a_name() {
        let arn = policy_arn("aws-cn", "AmazonEKSViewPolicy");
        assert_eq!(arn, "arn:aws-cn:eks::aws:cluster-access-policy/AmazonEKSViewPolicy");
        assert_eq!(policy_name(&arn), Some("AmazonEKSViewPolicy"));
        for arn in [
            "arn:aws:iam::aws:policy/AdministratorAccess",
            "arn:aws:eks:::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "arn:aws:eks::aws:cluster-access-policy/",
        ] {
            assert_eq!(policy_name(arn), None, "{arn}");
        }
    }

    #[test]
    fn a_namespace_scope_covers_matching_namespaces_and_nothing_of_the_cluster() {
        let scope = Scope::Namespaces(vec!["dev-*".to_owned(), "ops".to_owned()]);
        assert!(scope.covers(Some("dev-a")) && scope.covers(Some("ops")));
        assert!(!scope.covers(Some("prod")) && !scope.covers(None));
        assert!(Scope::Cluster.covers(Some("prod")) && Scope::Cluster.covers(None));
    }
}
