//! The capabilities of a cluster that run Argo CD.

use aws_sdk_eks::types::CapabilityType;

use crate::clients::aws::OperationResult;
use crate::framework::checks::region as region_name;
use crate::framework::list::{Find, Finds, List};
use crate::framework::{Attr, Model, Object, Result};
use crate::provider::Provider;
use crate::resources::Operation;

/// Which capabilities to list.
#[derive(Clone, Debug, Default, Model)]
pub struct CapabilityQuery {
    /// Name of the cluster.
    #[attr(required)]
    pub cluster_name: Attr<String>,
    /// Region of the cluster; the provider's when not set.
    #[attr(check = region_name)]
    pub region: Attr<String>,
}

/// The capabilities of a cluster that run Argo CD.
#[derive(Debug)]
pub struct ArgocdCapabilities;

impl List for ArgocdCapabilities {
    type Config = CapabilityQuery;
    type Provider = Provider;

    const NAME: &'static str = "eks_capability_argocd";

    async fn list(cx: &Operation, config: CapabilityQuery, finds: &mut Finds) -> Result<()> {
        let eks = cx.provider().eks(&config.region).await?;
        let cluster = config.cluster_name.require("cluster_name")?;
        let mut pages =
            eks.list_capabilities().cluster_name(cluster).into_paginator().items().send();
        while let Some(capability) = pages.next().await {
            let capability = capability.operation("ListCapabilities")?;
            if capability.r#type != Some(CapabilityType::Argocd) {
                continue;
            }
            let display_name = capability.capability_name.unwrap_or_default();
            let identity = Object::from([
                ("cluster_name".to_owned(), cluster.as_str().into()),
                ("capability_name".to_owned(), display_name.as_str().into()),
            ]);
            if finds.push(Find { display_name, identity, state: None }).await.is_break() {
                break;
            }
        }
        Ok(())
    }
}
