//! Which objects of a kind there are in a cluster.

use std::marker::PhantomData;

use super::{ClusterRef, Kind, adoption};
use crate::framework::api::View;
use crate::framework::list::{Find, Finds, List};
use crate::framework::{Attr, Diagnostics, Model, Object, Path, Result, Value};
use crate::provider::Provider;
use crate::resources::Operation;

/// Which objects of a cluster to list.
#[derive(Clone, Debug, Default, Model)]
pub struct ObjectQuery {
    /// Only objects of this namespace; those of all namespaces when not set.
    #[attr(check = crate::framework::checks::dns_label)]
    pub namespace: Attr<String>,
    /// Only objects with these labels, as `kubectl --selector` has it: `team=web,tier!=test`.
    pub label_selector: Attr<String>,
    /// The cluster to look in; the provider's `cluster` when not set.
    pub cluster: Attr<ClusterRef>,
}

/// The list of a kind.
#[derive(Debug)]
pub struct ObjectList<K>(PhantomData<fn() -> K>);

impl<K: Kind> List for ObjectList<K> {
    type Config = ObjectQuery;
    type Provider = Provider;

    const NAME: &'static str = K::NAME;

    fn validate(config: &ObjectQuery, diagnostics: &mut Diagnostics) {
        if config.namespace.is_set() && !has_namespace::<K>() {
            diagnostics.invalid(
                Path::attribute("namespace"),
                "Objects of this kind are in no namespace",
                format!("A {} is one of the whole cluster. Remove namespace.", K::OBJECT.kind),
            );
        }
        ClusterRef::check(&config.cluster, diagnostics);
    }

    async fn list(cx: &Operation, config: ObjectQuery, finds: &mut Finds) -> Result<()> {
        let target = cx.provider().target(&config.cluster)?;
        let selectors = [config.label_selector.as_str(), K::LABEL_SELECTOR];
        let selector = selectors.into_iter().flatten().collect::<Vec<_>>().join(",");
        let selector = Some(selector).filter(|selector| !selector.is_empty());
        let namespace = config.namespace.as_str();
        let objects = cx.provider().objects();
        let found = objects
            .list(&target, &K::OBJECT, namespace, selector.as_deref(), cx.deadline())
            .await?;
        let attributes = K::Model::attributes();
        let nothing = Value::Object(Object::new());
        for mut live in found.into_iter().filter(K::is_one) {
            adoption::without_bookkeeping(&mut live);
            let name = live["metadata"]["name"].as_str().unwrap_or_default();
            let namespace = live["metadata"]["namespace"].as_str();
            let mut identity = Object::new();
            let mut display_name = name.to_owned();
            if has::<K>("name") {
                identity.insert("name".to_owned(), name.into());
            }
            if let Some(namespace) = namespace.filter(|_| has_namespace::<K>()) {
                identity.insert("namespace".to_owned(), namespace.into());
                // Of a kind without names of its own there is one in each namespace.
                if has::<K>("name") {
                    display_name = format!("{namespace}/{name}");
                }
            }
            let state = finds
                .wants_objects()
                .then(|| K::project(&attributes, &live, &nothing, View::Whole))
                .transpose()?;
            if finds.push(Find { display_name, identity, state }).await.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Whether objects of the kind are in a namespace.
pub(super) fn has_namespace<K: Kind>() -> bool {
    has::<K>("namespace")
}

/// Whether the kind has that attribute.
pub(super) fn has<K: Kind>(name: &str) -> bool {
    K::Model::attributes().iter().any(|attribute| attribute.name == name)
}
