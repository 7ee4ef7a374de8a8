//! Objects of a cluster that another provider made, taken over by a `moved` block.

use serde_json::Value as Json;

use super::Kind;
use super::list::{has, has_namespace};
use crate::framework::{Error, Foreign, Object, Peer, Result};

/// The types of other providers for any object of a cluster, as far as the object is of this kind,
/// and those that have it by a type of its own.
pub(super) fn peers<K: Kind>() -> Vec<Peer> {
    let any = [
        Peer {
            providers: &["hashicorp/kubernetes"],
            type_name: "kubernetes_manifest",
            find: |state| {
                // A dynamic attribute is stored beside its type.
                let manifest = |name| format!("/manifest/value/{name}");
                named::<K>(
                    state,
                    state.text(&manifest("apiVersion"))?,
                    state.text(&manifest("kind"))?,
                    state.text(&manifest("metadata/name"))?,
                    state.state.pointer(&manifest("metadata/namespace")),
                )
            },
        },
        Peer {
            providers: &["gavinbunney/kubectl", "alekc/kubectl"],
            type_name: "kubectl_manifest",
            find: |state| {
                named::<K>(
                    state,
                    state.text("/api_version")?,
                    state.text("/kind")?,
                    state.text("/name")?,
                    state.state.pointer("/namespace"),
                )
            },
        },
    ];
    any.into_iter().chain(K::PEERS.iter().copied()).collect()
}

/// Refuses an object of another kind; any version of the kind is the same object.
fn named<K: Kind>(
    state: &Foreign<'_>,
    api_version: &str,
    kind: &str,
    name: &str,
    namespace: Option<&Json>,
) -> Result<Object> {
    let group = |api_version: &str| {
        api_version.split_once('/').map_or(String::new(), |(group, _)| group.to_owned())
    };
    if group(api_version) != K::OBJECT.group() || kind != K::OBJECT.kind {
        return Err(Error::invalid(format!(
            "the {} is a {kind} of {api_version}, and this resource is for a {} of {}",
            state.type_name,
            K::OBJECT.kind,
            K::OBJECT.api_version
        )));
    }
    let mut found = Object::new();
    if has::<K>("name") {
        found.insert("name".to_owned(), name.into());
    }
    if has_namespace::<K>() {
        // Both providers write to the namespace of the kubeconfig, which is as good as always this.
        let namespace = namespace.and_then(Json::as_str).unwrap_or("default");
        found.insert("namespace".to_owned(), namespace.into());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::argocd::application::Application;
    use crate::resources::kargo::project::Project;

    fn take<K: Kind>(provider: &str, type_name: &str, state: &Json) -> Result<Object> {
        let foreign = Foreign { provider, type_name, state };
        let peers = peers::<K>();
        let peer = peers.iter().find(|peer| peer.is(&foreign)).expect("a peer");
        (peer.find)(&foreign)
    }

    #[test]
    fn an_object_is_known_by_its_manifest() {
        let manifest = |namespace: Json| {
            json!({"manifest": {"type": "dynamic", "value": {
                "apiVersion": "argoproj.io/v1beta9",
                "kind": "Application",
                "metadata": {"name": "shop", "namespace": namespace},
            }}})
        };
        let provider = "registry.terraform.io/hashicorp/kubernetes";
        let found =
            take::<Application>(provider, "kubernetes_manifest", &manifest(json!("argocd")));
        let found = found.unwrap();
        assert_eq!((&found["namespace"], &found["name"]), (&"argocd".into(), &"shop".into()));
        let found = take::<Application>(provider, "kubernetes_manifest", &manifest(Json::Null));
        assert_eq!(found.unwrap()["namespace"], "default".into());

        let error = take::<Project>(provider, "kubernetes_manifest", &manifest(Json::Null));
        let error = error.unwrap_err();
        assert!(error.message().contains("is a Application of argoproj.io"), "{error}");
        assert!(error.message().contains("Project of kargo.akuity.io/v1alpha1"), "{error}");
    }

    #[test]
    fn an_object_of_the_whole_cluster_has_no_namespace() {
        let state = json!({
            "api_version": "kargo.akuity.io/v1alpha1", "kind": "Project", "name": "shop",
            "namespace": "", "yaml_body": "…",
        });
        let found = take::<Project>("x/alekc/kubectl", "kubectl_manifest", &state).unwrap();
        assert_eq!(found, Object::from([("name".to_owned(), "shop".into())]));
    }
}
