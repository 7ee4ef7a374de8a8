//! The access entries of a cluster.

use crate::clients::aws::OperationResult;
use crate::framework::checks::region as region_name;
use crate::framework::list::{Find, Finds, List};
use crate::framework::{Attr, Model, Object, Result};
use crate::provider::Provider;
use crate::resources::Operation;

/// Which access entries to list.
#[derive(Clone, Debug, Default, Model)]
pub struct AccessEntryQuery {
    /// Name of the cluster.
    #[attr(required)]
    pub cluster_name: Attr<String>,
    /// Only entries that this access policy is associated with, by its ARN.
    #[attr(check = crate::framework::checks::eks_access_policy_arn)]
    pub associated_policy_arn: Attr<String>,
    /// Region of the cluster; the provider's when not set.
    #[attr(check = region_name)]
    pub region: Attr<String>,
}

/// The access entries of a cluster.
#[derive(Debug)]
pub struct AccessEntries;

impl List for AccessEntries {
    type Config = AccessEntryQuery;
    type Provider = Provider;

    const NAME: &'static str = "eks_access_entry";

    async fn list(cx: &Operation, config: AccessEntryQuery, finds: &mut Finds) -> Result<()> {
        let eks = cx.provider().eks(&config.region).await?;
        let cluster = config.cluster_name.require("cluster_name")?;
        let mut pages = eks
            .list_access_entries()
            .cluster_name(cluster)
            .set_associated_policy_arn(config.associated_policy_arn.into_known())
            .into_paginator()
            .items()
            .send();
        while let Some(principal) = pages.next().await {
            let principal = principal.operation("ListAccessEntries")?;
            let identity = Object::from([
                ("cluster_name".to_owned(), cluster.as_str().into()),
                ("principal_arn".to_owned(), principal.as_str().into()),
            ]);
            if finds.push(Find { display_name: principal, identity, state: None }).await.is_break()
            {
                break;
            }
        }
        Ok(())
    }
}
