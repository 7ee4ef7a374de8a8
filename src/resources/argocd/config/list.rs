//! The Argo CDs of a cluster, by their settings.

use super::data::{PART_OF, SETTINGS};
use crate::clients::kube::ObjectKind;
use crate::framework::list::{Find, Finds, List};
use crate::framework::{Attr, Diagnostics, Model, Object, Result};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::object::ClusterRef;

/// Which settings to list.
#[derive(Clone, Debug, Default, Model)]
pub struct ConfigQuery {
    /// The cluster to look in; the provider's `cluster` when not set.
    pub cluster: Attr<ClusterRef>,
}

/// The settings of every Argo CD in a cluster.
#[derive(Debug)]
pub struct Configs;

impl List for Configs {
    type Config = ConfigQuery;
    type Provider = Provider;

    const NAME: &'static str = "argocd_config";

    fn validate(config: &ConfigQuery, diagnostics: &mut Diagnostics) {
        ClusterRef::check(&config.cluster, diagnostics);
    }

    async fn list(cx: &Operation, config: ConfigQuery, finds: &mut Finds) -> Result<()> {
        const MAP: ObjectKind = ObjectKind::new("v1", "ConfigMap", "configmaps");
        let target = cx.provider().target(&config.cluster)?;
        let selector = PART_OF.join("=");
        let objects = cx.provider().objects();
        let found = objects.list(&target, &MAP, None, Some(&selector), cx.deadline()).await?;
        for map in found.into_iter().filter(|map| map["metadata"]["name"] == SETTINGS) {
            let namespace = map["metadata"]["namespace"].as_str().unwrap_or_default();
            let find = Find {
                display_name: namespace.to_owned(),
                identity: Object::from([("namespace".to_owned(), namespace.into())]),
                state: None,
            };
            if finds.push(find).await.is_break() {
                break;
            }
        }
        Ok(())
    }
}
