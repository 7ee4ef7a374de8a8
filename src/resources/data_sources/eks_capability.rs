//! EKS capabilities, as they are.

use std::collections::BTreeMap;

use aws_sdk_eks::Client;
use aws_sdk_eks::types::{
    self as sdk, AckConfigResponse, ArgoCdConfigResponse, Capability, CapabilityType,
};

use super::time;
use crate::clients::aws::OperationResult;
use crate::framework::{Attr, DataSource, Diagnostics, Error, Model, Path, Result, Set};
use crate::provider::Provider;
use crate::resources::Operation;

/// Reads an EKS capability: how it is, what ails it, and how it is set up. It is found by its name,
/// or by its type, of which a cluster has at most one. It is read as it is, in whatever status.
#[derive(Clone, Debug, Default, Model)]
pub struct EksCapability {
    /// Name of the cluster.
    #[attr(required)]
    cluster_name: Attr<String>,
    /// Name of the capability. Either this or `type` is set.
    #[attr(optional, computed)]
    capability_name: Attr<String>,
    /// Type of the capability: `ACK`, `ARGOCD` or `KRO`. Either this or `capability_name` is set.
    #[attr(optional, computed, one_of = TYPES)]
    r#type: Attr<String>,
    /// Region of the cluster; the provider's when not set.
    #[attr(check = crate::framework::checks::region)]
    region: Attr<String>,
    /// ARN of the capability.
    #[attr(computed)]
    arn: Attr<String>,
    /// ARN of the IAM role that the capability acts with.
    #[attr(computed)]
    role_arn: Attr<String>,
    /// Status: `CREATING`, `CREATE_FAILED`, `ACTIVE`, `DEGRADED`, `UPDATING`, `DELETING` or
    /// `DELETE_FAILED`.
    #[attr(computed)]
    status: Attr<String>,
    /// How the capability is.
    #[attr(computed)]
    health: Attr<Health>,
    /// Version of the capability; null where EKS tells none.
    #[attr(computed)]
    version: Attr<String>,
    /// How the capability is set up.
    #[attr(computed)]
    configuration: Attr<Configuration>,
    /// URL of Argo CD's API and UI; null for other types, and until there is one.
    #[attr(computed)]
    server_url: Attr<String>,
    /// What becomes of the capability's objects in the cluster when it is deleted.
    #[attr(computed)]
    delete_propagation_policy: Attr<String>,
    /// When it was made, such as `2026-11-21T15:04:05Z`.
    #[attr(computed)]
    created_at: Attr<String>,
    /// When it was changed last.
    #[attr(computed)]
    modified_at: Attr<String>,
    /// Tags of the capability, without those that the provider ignores.
    #[attr(computed)]
    tags: Attr<BTreeMap<String, String>>,
}

/// The types of capabilities.
pub(super) const TYPES: [&str; 3] = ["ACK", "ARGOCD", "KRO"];

/// How a capability is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Health {
    /// What ails it; nothing when it is well.
    #[attr(computed)]
    issues: Attr<Vec<Issue>>,
}

/// What ails a capability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Issue {
    /// Kind of the issue: `AccessDenied` or `ClusterUnreachable`.
    #[attr(computed)]
    code: Attr<String>,
    /// What is wrong.
    #[attr(computed)]
    message: Attr<String>,
}

/// How a capability is set up; only the part of its type is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Configuration {
    /// Of Argo CD.
    #[attr(computed)]
    argo_cd: Attr<ArgoCd>,
    /// Of the AWS Controllers for Kubernetes.
    #[attr(computed)]
    ack: Attr<Ack>,
}

/// How Argo CD is set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ArgoCd {
    /// Namespace that its objects live in.
    #[attr(computed)]
    namespace: Attr<String>,
    /// IAM Identity Center, by which users log in.
    #[attr(computed)]
    aws_idc: Attr<AwsIdc>,
    /// Who has which role.
    #[attr(computed)]
    rbac_role_mappings: Attr<Set<RoleMapping>>,
    /// Where its API and UI can be reached from.
    #[attr(computed)]
    network_access: Attr<NetworkAccess>,
    /// First part of the host name of its API and UI.
    #[attr(computed)]
    endpoint_prefix: Attr<String>,
}

/// IAM Identity Center, by which users log in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
#[expect(clippy::struct_field_names, reason = "the names are the API's")]
pub struct AwsIdc {
    /// ARN of the Identity Center instance.
    #[attr(computed)]
    idc_instance_arn: Attr<String>,
    /// Region of the Identity Center instance.
    #[attr(computed)]
    idc_region: Attr<String>,
    /// ARN of the Identity Center application that EKS made for the capability.
    #[attr(computed)]
    idc_managed_application_arn: Attr<String>,
}

/// Who has a role in Argo CD.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct RoleMapping {
    /// The role: `ADMIN`, `EDITOR` or `VIEWER`.
    #[attr(computed)]
    role: Attr<String>,
    /// The users and groups that have it.
    #[attr(computed)]
    identities: Attr<Set<Identity>>,
}

/// A user or group of IAM Identity Center.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Identity {
    /// Id of the user or group in the identity store.
    #[attr(computed)]
    id: Attr<String>,
    /// `SSO_USER` or `SSO_GROUP`.
    #[attr(computed)]
    r#type: Attr<String>,
}

/// Where Argo CD's API and UI can be reached from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct NetworkAccess {
    /// Ids of the VPC endpoints; with none, they can be reached from the internet.
    #[attr(computed)]
    vpce_ids: Attr<Set<String>>,
}

/// How the AWS Controllers for Kubernetes are set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Ack {
    /// Whether an object may refer to one of another namespace.
    #[attr(computed)]
    enable_cross_namespace: Attr<bool>,
    /// Services whose controllers are turned off.
    #[attr(computed)]
    disabled_services: Attr<Set<String>>,
}

impl DataSource for EksCapability {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "eks_capability";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let summary = match (&config.capability_name, &config.r#type) {
            (Attr::Null, Attr::Null) => "Which capability is not said",
            (Attr::Known(_), Attr::Known(_)) => "Which capability is said twice",
            _ => return,
        };
        diagnostics.invalid(
            Path::attribute("capability_name"),
            summary,
            "Set either capability_name or type: a cluster has at most one capability of a type.",
        );
    }

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        cx.provider().known_tags()?;
        let eks = cx.provider().eks(&config.region).await?;
        let cluster = config.cluster_name.require("cluster_name")?;
        let name = match (config.capability_name.known(), config.r#type.known()) {
            (Some(name), _) => name.clone(),
            (None, Some(kind)) => of_type(&eks, cluster, kind).await?,
            (None, None) => return Err(Error::invalid("neither capability_name nor type is set")),
        };
        let answer = eks
            .describe_capability()
            .cluster_name(cluster)
            .capability_name(&name)
            .send()
            .await
            .operation("DescribeCapability");
        let found = answer.map_err(|error| missing(error, cluster))?.capability;
        let found = found.ok_or_else(|| Error::failed("DescribeCapability answered nothing"))?;
        let mut found = project(found);
        let settings = cx.provider().settings();
        found.tags = found.tags.map(|tags| settings.seen_tags(tags));
        Ok(Self { region: config.region, ..found })
    }
}

/// The name of the capability of this type.
async fn of_type(eks: &Client, cluster: &str, kind: &str) -> Result<String> {
    let wanted = CapabilityType::from(kind);
    let mut pages = eks.list_capabilities().cluster_name(cluster).into_paginator().items().send();
    while let Some(found) = pages.next().await {
        let found = found.operation("ListCapabilities")?;
        if found.r#type == Some(wanted.clone()) {
            return found
                .capability_name
                .ok_or_else(|| Error::failed("ListCapabilities answered no name"));
        }
    }
    Err(Error::not_found(format!("the cluster {cluster:?} has no capability of type {kind}"))
        .at("type")
        .advise(UNTIL))
}

const UNTIL: &str = "A capability that this configuration makes is read once it is there if its \
                     name is taken from the resource that makes it.";

fn missing(error: Error, cluster: &str) -> Error {
    if !error.is_not_found() {
        return error;
    }
    error.at("capability_name").advise(format!(
        "List what there is with the data source gitops_eks_capabilities of the cluster \
         {cluster:?}. {UNTIL}"
    ))
}

/// What the state shows of an answer.
fn project(found: Capability) -> EksCapability {
    let configuration = found.configuration;
    let (argo_cd, ack) = configuration.map_or((None, None), |of| (of.argo_cd, of.ack));
    let server_url = argo_cd.as_ref().and_then(|argo_cd| argo_cd.server_url.clone());
    let issues = found.health.and_then(|health| health.issues).unwrap_or_default();
    let issues = issues.into_iter().map(|issue| Issue {
        code: issue.code.map(|code| code.as_str().to_owned()).into(),
        message: issue.message.into(),
    });
    let policy = found.delete_propagation_policy.map(|policy| policy.as_str().to_owned());
    EksCapability {
        cluster_name: found.cluster_name.into(),
        capability_name: found.capability_name.into(),
        r#type: found.r#type.map(|kind| kind.as_str().to_owned()).into(),
        region: Attr::Null,
        arn: found.arn.into(),
        role_arn: found.role_arn.into(),
        status: found.status.map(|status| status.as_str().to_owned()).into(),
        health: Health { issues: issues.collect::<Vec<_>>().into() }.into(),
        version: found.version.into(),
        configuration: Configuration {
            argo_cd: argo_cd.map(argo_cd_settings).into(),
            ack: ack.map(ack_settings).into(),
        }
        .into(),
        server_url: server_url.into(),
        delete_propagation_policy: policy.into(),
        created_at: time(found.created_at),
        modified_at: time(found.modified_at),
        tags: found.tags.unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>().into(),
    }
}

fn argo_cd_settings(found: ArgoCdConfigResponse) -> ArgoCd {
    let mappings = found.rbac_role_mappings.unwrap_or_default().into_iter();
    let endpoints = found.network_access.and_then(|access| access.vpce_ids).unwrap_or_default();
    ArgoCd {
        namespace: found.namespace.into(),
        aws_idc: found
            .aws_idc
            .map(|idc| AwsIdc {
                idc_instance_arn: idc.idc_instance_arn.into(),
                idc_region: idc.idc_region.into(),
                idc_managed_application_arn: idc.idc_managed_application_arn.into(),
            })
            .into(),
        rbac_role_mappings: Set(mappings.map(role_mapping).collect()).into(),
        network_access: NetworkAccess { vpce_ids: Set(endpoints).into() }.into(),
        endpoint_prefix: found.endpoint_prefix.into(),
    }
}

fn role_mapping(mapping: sdk::ArgoCdRoleMapping) -> RoleMapping {
    let identities = mapping.identities.into_iter().map(|identity| Identity {
        id: identity.id.into(),
        r#type: identity.r#type.as_str().to_owned().into(),
    });
    RoleMapping {
        role: mapping.role.as_str().to_owned().into(),
        identities: Set(identities.collect()).into(),
    }
}

fn ack_settings(found: AckConfigResponse) -> Ack {
    Ack {
        enable_cross_namespace: found.enable_cross_namespace.into(),
        disabled_services: Set(found.disabled_services.unwrap_or_default()).into(),
    }
}

#[cfg(test)]
mod tests;
