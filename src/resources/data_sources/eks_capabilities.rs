//! The EKS capabilities of a cluster.

use aws_sdk_eks::types::CapabilitySummary;

use super::eks_capability::TYPES;
use super::time;
use crate::clients::aws::OperationResult;
use crate::framework::{Attr, DataSource, Model, Result};
use crate::provider::Provider;
use crate::resources::Operation;

/// Lists the EKS capabilities of a cluster. `gitops_eks_capability` has the rest of one.
#[derive(Clone, Debug, Default, Model)]
pub struct EksCapabilities {
    /// Name of the cluster.
    #[attr(required)]
    cluster_name: Attr<String>,
    /// Only capabilities of this type: `ACK`, `ARGOCD` or `KRO`.
    #[attr(one_of = TYPES)]
    r#type: Attr<String>,
    /// Region of the cluster; the provider's when not set.
    #[attr(check = crate::framework::checks::region)]
    region: Attr<String>,
    /// The capabilities, by name.
    #[attr(computed)]
    capabilities: Attr<Vec<Summary>>,
}

/// What a list tells of a capability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Summary {
    /// Name of the capability.
    #[attr(computed)]
    capability_name: Attr<String>,
    /// Type of the capability: `ACK`, `ARGOCD` or `KRO`.
    #[attr(computed)]
    r#type: Attr<String>,
    /// ARN of the capability.
    #[attr(computed)]
    arn: Attr<String>,
    /// Status of the capability, such as `ACTIVE`.
    #[attr(computed)]
    status: Attr<String>,
    /// Version of the capability; null where EKS tells none.
    #[attr(computed)]
    version: Attr<String>,
    /// When it was made, such as `2026-11-21T15:04:05Z`.
    #[attr(computed)]
    created_at: Attr<String>,
    /// When it was changed last.
    #[attr(computed)]
    modified_at: Attr<String>,
}

impl DataSource for EksCapabilities {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "eks_capabilities";

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        let eks = cx.provider().eks(&config.region).await?;
        let cluster = config.cluster_name.require("cluster_name")?;
        let mut pages =
            eks.list_capabilities().cluster_name(cluster).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(capability) = pages.next().await {
            found.push(capability.operation("ListCapabilities")?);
        }
        let capabilities = project(found, config.r#type.as_str());
        Ok(Self { capabilities: capabilities.into(), ..config })
    }
}

/// What the state shows of the answers: those of the type that is asked for, by name.
fn project(found: Vec<CapabilitySummary>, kind: Option<&str>) -> Vec<Summary> {
    let is_asked_for = |found: &CapabilitySummary| {
        kind.is_none_or(|kind| found.r#type().is_some_and(|found| found.as_str() == kind))
    };
    let mut found: Vec<_> = found.into_iter().filter(is_asked_for).collect();
    found.sort_by(|a, b| a.capability_name.cmp(&b.capability_name));
    let summary = |found: CapabilitySummary| Summary {
        capability_name: found.capability_name.into(),
        r#type: found.r#type.map(|kind| kind.as_str().to_owned()).into(),
        arn: found.arn.into(),
        status: found.status.map(|status| status.as_str().to_owned()).into(),
        version: found.version.into(),
        created_at: time(found.created_at),
        modified_at: time(found.modified_at),
    };
    found.into_iter().map(summary).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{CapabilityStatus, CapabilityType};
    use aws_smithy_types::DateTime;

    use super::*;

    #[test]
    fn capabilities_are_shown_by_name_and_type() {
        let summary = |name: &str, kind: CapabilityType| {
            CapabilitySummary::builder()
                .capability_name(name)
                .r#type(kind)
                .status(CapabilityStatus::Active)
                .created_at(DateTime::from_secs(60))
                .build()
        };
        let found = vec![summary("kro", CapabilityType::Kro), summary("ack", CapabilityType::Ack)];
        let names = |kind: Option<&str>| {
            let shown = project(found.clone(), kind).into_iter();
            shown.map(|one| one.capability_name.into_known().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(names(None), ["ack", "kro"]);
        assert_eq!(names(Some("KRO")), ["kro"]);
        assert!(names(Some("ARGOCD")).is_empty());
        let ack = &project(found.clone(), Some("ACK"))[0];
        assert_eq!(ack.r#type.as_str(), Some("ACK"));
        assert_eq!(ack.status.as_str(), Some("ACTIVE"));
        assert_eq!(ack.version, Attr::Null);
        assert_eq!(ack.created_at.as_str(), Some("1970-01-01T00:01:00Z"));
    }
}
