//! Any object of a cluster.

use serde_json::Value as Json;

use crate::clients::kube::{Freshness, LAST_APPLIED};
use crate::framework::{Attr, DataSource, Diagnostics, Dynamic, Error, Model, Path, Result, json};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::object::ClusterRef;

/// Reads any object of a Kubernetes cluster, status included. The values of a Secret are left out,
/// since what is read is kept in the state.
#[derive(Clone, Debug, Default, Model)]
pub struct Manifest {
    /// API version of the object, such as `apps/v1`.
    #[attr(required)]
    api_version: Attr<String>,
    /// Kind of the object, such as `Deployment`.
    #[attr(required)]
    kind: Attr<String>,
    /// Name of the object.
    #[attr(required)]
    name: Attr<String>,
    /// Namespace of the object; `default` when not set. None for objects of the whole cluster.
    #[attr(check = crate::framework::checks::dns_label)]
    namespace: Attr<String>,
    /// The cluster that the object lives in; the provider's `cluster` when not set.
    cluster: Attr<ClusterRef>,
    /// The object as the API has it, without `metadata.managedFields`; of a Secret also without
    /// `data`.
    #[attr(computed)]
    object: Attr<Dynamic>,
}

impl DataSource for Manifest {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "manifest";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        ClusterRef::check(&config.cluster, diagnostics);
    }

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        let target = cx.provider().target(&config.cluster)?;
        let (api_version, kind, name) = (
            config.api_version.require("api_version")?,
            config.kind.require("kind")?,
            config.name.require("name")?,
        );
        let objects = cx.provider().objects();
        let served = objects.discover_served(&target, api_version, kind, cx.deadline()).await?;
        let served = served.ok_or_else(|| {
            Error::failed(format!("{target} serves no {kind} of {api_version}")).at("kind")
        })?;
        let namespace = config.namespace.as_str();
        let object = match (served.namespaced, namespace) {
            (true, namespace) => served.kind.namespaced(namespace.unwrap_or("default"), name),
            (false, None) => served.kind.cluster_wide(name),
            (false, Some(_)) => {
                return Err(Error::invalid(format!("a {kind} is an object of the whole cluster"))
                    .at(Path::attribute("namespace"))
                    .advise("Remove namespace."));
            }
        };
        let found = objects.get(&target, &object, Freshness::Now, cx.deadline()).await?;
        let found = found.ok_or_else(|| {
            Error::failed(format!("there is no {object} in {target}")).advise(
                "Name in depends_on what makes it, so that it is read afterwards; or check the \
                 name and the namespace.",
            )
        })?;
        Ok(Self { object: json::to_dynamic(&shown(found)).into(), ..config })
    }
}

/// What of an object may be kept in a state.
fn shown(mut object: Json) -> Json {
    let is_secret = object["apiVersion"] == "v1" && object["kind"] == "Secret";
    if let Some(metadata) = object.get_mut("metadata").and_then(Json::as_object_mut) {
        metadata.remove("managedFields");
        // It repeats the whole object, values of a Secret included.
        let annotations = metadata.get_mut("annotations").and_then(Json::as_object_mut);
        if let Some(annotations) = annotations {
            annotations.remove(LAST_APPLIED);
        }
    }
    if is_secret && let Some(fields) = object.as_object_mut() {
        fields.remove("data");
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_values_of_a_secret_are_not_shown() {
        let live = |kind: &str| {
            json!({
                "apiVersion": "v1", "kind": kind, "type": "Opaque",
                "metadata": {"name": "a", "managedFields": [], "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": "{}", "kept": "b",
                }},
                "data": {"password": "aGVsbG8="},
            })
        };
        let metadata = json!({"name": "a", "annotations": {"kept": "b"}});
        assert_eq!(
            shown(live("Secret")),
            json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata})
        );
        assert_eq!(shown(live("ConfigMap"))["data"], json!({"password": "aGVsbG8="}));
    }
}
