//! Which objects of any kind there are in a cluster.

use crate::framework::list::{Find, Finds, List};
use crate::framework::{Attr, Diagnostics, Error, Model, Object, Path, Result};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::object::ClusterRef;

/// Which objects of a cluster to list.
#[derive(Clone, Debug, Default, Model)]
pub struct Manifests {
    /// API version of the objects, such as `apps/v1`.
    #[attr(required)]
    pub api_version: Attr<String>,
    /// Kind of the objects, such as `Deployment`.
    #[attr(required)]
    pub kind: Attr<String>,
    /// Only objects of this namespace; those of all namespaces when not set.
    #[attr(check = crate::framework::checks::dns_label)]
    pub namespace: Attr<String>,
    /// Only objects with these labels, as `kubectl --selector` has it: `team=web,tier!=test`.
    pub label_selector: Attr<String>,
    /// The cluster to look in; the provider's `cluster` when not set.
    pub cluster: Attr<ClusterRef>,
}

impl List for Manifests {
    type Config = Self;
    type Provider = Provider;

    const NAME: &'static str = "manifest";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        ClusterRef::check(&config.cluster, diagnostics);
    }

    async fn list(cx: &Operation, config: Self, finds: &mut Finds) -> Result<()> {
        let target = cx.provider().target(&config.cluster)?;
        let (api_version, kind) =
            (config.api_version.require("api_version")?, config.kind.require("kind")?);
        let objects = cx.provider().objects();
        let served = objects.discover_served(&target, api_version, kind, cx.deadline()).await?;
        // Of a kind that is not there, there are no objects.
        let Some(served) = served else { return Ok(()) };
        let namespace = config.namespace.as_str();
        if namespace.is_some() && !served.namespaced {
            return Err(Error::invalid(format!("a {kind} is an object of the whole cluster"))
                .at(Path::attribute("namespace"))
                .advise("Remove namespace."));
        }
        let selector = config.label_selector.as_str();
        let found = objects.list(&target, &served.kind, namespace, selector, cx.deadline()).await?;
        for live in found {
            let text = |field: &str| live["metadata"][field].as_str();
            let name = text("name").unwrap_or_default();
            let mut identity = Object::from([
                ("api_version".to_owned(), api_version.as_str().into()),
                ("kind".to_owned(), kind.as_str().into()),
                ("name".to_owned(), name.into()),
            ]);
            let mut display_name = format!("{kind} {name}");
            if let Some(namespace) = text("namespace") {
                identity.insert("namespace".to_owned(), namespace.into());
                display_name = format!("{kind} {namespace}/{name}");
            }
            if finds.push(Find { display_name, identity, state: None }).await.is_break() {
                break;
            }
        }
        Ok(())
    }
}
