//! The capabilities of a cluster, of one type each.

use std::marker::PhantomData;

use crate::clients::aws::OperationResult;
use crate::framework::checks::region as region_name;
use crate::framework::list::{Find, Finds, List};
use crate::framework::{Attr, Model, Object, Result};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::eks::capability::Kind;

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

/// The capabilities of a cluster that are of this type.
#[derive(Debug)]
pub struct Capabilities<K>(PhantomData<fn() -> K>);

impl<K: Kind> List for Capabilities<K> {
    type Config = CapabilityQuery;
    type Provider = Provider;

    const NAME: &'static str = K::NAME;

    async fn list(cx: &Operation, config: CapabilityQuery, finds: &mut Finds) -> Result<()> {
        let eks = cx.provider().eks(&config.region).await?;
        let cluster = config.cluster_name.require("cluster_name")?;
        let mut pages =
            eks.list_capabilities().cluster_name(cluster).into_paginator().items().send();
        while let Some(capability) = pages.next().await {
            let capability = capability.operation("ListCapabilities")?;
            if capability.r#type != Some(K::TYPE) {
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
