//! Clusters: given by the sandbox, described by the API.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    ClusterSpec,
    access_entry::AccessEntry,
    arn::dns_suffix,
    capability::Capability,
    error::{ApiError, ErrorKind},
    input::Call,
    page::Page,
    pod_identity::PodIdentityAssociation,
    state::{Shared, epoch, random_id},
    update::Update,
};

/// How principals are let in: by access entries, by the `aws-auth` config map, or by both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)] // The names are the API's own.
pub enum AuthenticationMode {
    Api,
    #[default]
    ApiAndConfigMap,
    ConfigMap,
}

/// The state of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)] // The names are the API's own.
pub enum ClusterStatus {
    Creating,
    #[default]
    Active,
    Deleting,
    Failed,
    Updating,
    Pending,
}

/// A cluster and all that belongs to it.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) spec: ClusterSpec,
    pub(crate) arn: String,
    role_arn: String,
    oidc_issuer: String,
    created_at: Timestamp,
    pub(crate) status: ClusterStatus,
    pub(crate) authentication_mode: AuthenticationMode,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) capabilities: BTreeMap<String, Capability>,
    /// By principal ARN.
    pub(crate) access_entries: BTreeMap<String, AccessEntry>,
    /// By association id.
    pub(crate) associations: BTreeMap<String, PodIdentityAssociation>,
    /// By update id.
    pub(crate) updates: BTreeMap<String, Update>,
}

impl Cluster {
    pub(crate) fn new(shared: &Shared, spec: ClusterSpec) -> Self {
        let issuer_id = random_id(32).to_ascii_uppercase();
        Self {
            arn: shared.arn(&format!("cluster/{}", spec.name)),
            role_arn: format!(
                "arn:{}:iam::{}:role/{}-cluster",
                shared.partition, shared.account_id, spec.name
            ),
            oidc_issuer: format!(
                "https://oidc.eks.{}.{}/id/{issuer_id}",
                shared.region,
                dns_suffix(shared.partition)
            ),
            created_at: Timestamp::now(),
            status: ClusterStatus::default(),
            authentication_mode: AuthenticationMode::default(),
            tags: BTreeMap::new(),
            capabilities: BTreeMap::new(),
            access_entries: BTreeMap::new(),
            associations: BTreeMap::new(),
            updates: BTreeMap::new(),
            spec,
        }
    }

    /// Fails as the API does on a cluster whose mode knows no access entries.
    pub(crate) fn require_access_entries(&self) -> Result<(), ApiError> {
        if self.authentication_mode == AuthenticationMode::ConfigMap {
            return Err(ApiError::new(
                ErrorKind::InvalidRequestException,
                "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] \
                 to perform this operation.",
            ));
        }
        Ok(())
    }

    pub(crate) fn render(&self) -> Value {
        json!({
            "name": self.spec.name,
            "arn": self.arn,
            "createdAt": epoch(self.created_at),
            "version": self.spec.version,
            "endpoint": self.spec.endpoint,
            "roleArn": self.role_arn,
            "identity": { "oidc": { "issuer": self.oidc_issuer } },
            "status": self.status,
            // Nothing of it is there; only its shape is EKS's.
            "resourcesVpcConfig": {
                "vpcId": "vpc-0123456789abcdef0",
                "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
                "securityGroupIds": [],
                "clusterSecurityGroupId": "sg-0123456789abcdef0",
                "endpointPublicAccess": true,
                "endpointPrivateAccess": false,
                "publicAccessCidrs": ["0.0.0.0/0"],
            },
            "certificateAuthority": { "data": STANDARD.encode(&self.spec.ca_pem) },
            "platformVersion": "eks.1",
            "tags": self.tags,
            "accessConfig": {
                "bootstrapClusterCreatorAdminPermissions": false,
                "authenticationMode": self.authentication_mode,
            },
            "deletionProtection": false,
            "health": { "issues": [] },
        })
    }
}

pub(crate) fn describe(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let state = shared.state();
    let cluster = state.cluster(call.cluster())?;
    Ok(json!({ "cluster": cluster.render() }))
}

pub(crate) fn list(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    // "all" adds clusters registered through the EKS connector, of which there are none here.
    if let Some(other) = call.query_all("include").find(|include| *include != "all") {
        let message = format!("include must be all, got {other}");
        return Err(ApiError::invalid_parameter(message));
    }
    let invalid = ErrorKind::InvalidParameterException;
    let page = Page::parse(call, invalid, shared.faults.page_limit())?;
    let state = shared.state();
    let names = state.clusters.iter().map(|cluster| &cluster.spec.name);
    let sorted: BTreeMap<String, Value> = names.map(|name| (name.clone(), json!(name))).collect();
    Ok(page.render("clusters", sorted).into())
}
