//! The pod identity associations of a cluster.

use crate::clients::aws::OperationResult;
use crate::framework::checks::{dns_label, dns_subdomain, region as region_name};
use crate::framework::list::{Find, Finds, List};
use crate::framework::{Attr, Diagnostics, Model, Object, Path, Result};
use crate::provider::Provider;
use crate::resources::Operation;

/// Which pod identity associations to list.
#[derive(Clone, Debug, Default, Model)]
pub struct AssociationQuery {
    /// Name of the cluster.
    #[attr(required)]
    pub cluster_name: Attr<String>,
    /// Only associations of service accounts in this namespace.
    #[attr(check = dns_label)]
    pub namespace: Attr<String>,
    /// Only the association of this service account of `namespace`.
    #[attr(check = dns_subdomain)]
    pub service_account: Attr<String>,
    /// Region of the cluster; the provider's when not set.
    #[attr(check = region_name)]
    pub region: Attr<String>,
}

/// The pod identity associations of a cluster.
#[derive(Debug)]
pub struct Associations;

impl List for Associations {
    type Config = AssociationQuery;
    type Provider = Provider;

    const NAME: &'static str = "pod_identity_association";

    fn validate(config: &AssociationQuery, diagnostics: &mut Diagnostics) {
        if config.service_account.is_set() && config.namespace.is_null() {
            diagnostics.invalid(
                Path::attribute("service_account"),
                "A service account is one of a namespace",
                "Amazon EKS takes a service account together with its namespace only. Set \
                 namespace.",
            );
        }
    }

    async fn list(cx: &Operation, config: AssociationQuery, finds: &mut Finds) -> Result<()> {
        let eks = cx.provider().eks(&config.region).await?;
        let cluster = config.cluster_name.require("cluster_name")?;
        let mut pages = eks
            .list_pod_identity_associations()
            .cluster_name(cluster)
            .set_namespace(config.namespace.into_known())
            .set_service_account(config.service_account.into_known())
            .into_paginator()
            .items()
            .send();
        while let Some(found) = pages.next().await {
            let found = found.operation("ListPodIdentityAssociations")?;
            let part = |part: Option<String>| part.unwrap_or_default();
            let display_name = format!("{}/{}", part(found.namespace), part(found.service_account));
            let identity = Object::from([
                ("cluster_name".to_owned(), cluster.as_str().into()),
                ("association_id".to_owned(), part(found.association_id).into()),
            ]);
            if finds.push(Find { display_name, identity, state: None }).await.is_break() {
                break;
            }
        }
        Ok(())
    }
}
