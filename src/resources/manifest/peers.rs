//! Objects that the providers for Kubernetes manage, taken over by a `moved` block.
//!
//! Their states say what they manage of an object, which is what is looked at
//! from then on; and the fields that they have applied are made this provider's
//! when it first applies something.

use serde_json::Value as Json;

use super::content::canonical;
use crate::clients::kube::{FIELD_MANAGER, managers, strip_server_fields};
use crate::framework::{Error, Foreign, Object, Peer, Result, Value, json, yaml};

/// The types of other providers for any object of a cluster.
pub(super) const PEERS: [Peer; 2] = [
    Peer {
        providers: &["hashicorp/kubernetes"],
        type_name: "kubernetes_manifest",
        find: |state| {
            // A dynamic attribute is stored beside its type.
            let manifest = state.state.pointer("/manifest/value").cloned().unwrap_or_default();
            found(state, manifest)
        },
    },
    Peer {
        providers: &["gavinbunney/kubectl", "alekc/kubectl"],
        type_name: "kubectl_manifest",
        find: |state| {
            let body = yaml::documents(state.text("/yaml_body")?);
            let body = body.map_err(|error| error.context("reading its yaml_body"))?;
            let mut manifest = body.into_iter().next().unwrap_or_default();
            if let Some(namespace) = state.state["override_namespace"].as_str() {
                manifest["metadata"]["namespace"] = namespace.into();
            }
            found(state, manifest)
        },
    },
];

fn found(state: &Foreign<'_>, mut manifest: Json) -> Result<Object> {
    strip_server_fields(&mut manifest);
    let text = |pointer: &str| manifest.pointer(pointer).and_then(Json::as_str);
    let required = |pointer: &str| {
        text(pointer).ok_or_else(|| {
            let name = pointer.trim_start_matches('/').replace('/', ".");
            Error::invalid(format!(
                "the manifest in the state of {} has no {name}",
                state.type_name
            ))
            .advise(
                "Import the object instead, with an import block, and let the other resource \
                     go with a removed block.",
            )
        })
    };
    let mut found = Object::from([
        ("api_version".to_owned(), required("/apiVersion")?.into()),
        ("kind".to_owned(), required("/kind")?.into()),
        ("name".to_owned(), required("/metadata/name")?.into()),
    ]);
    if let Some(namespace) = text("/metadata/namespace") {
        found.insert("namespace".to_owned(), namespace.into());
    }
    let manifest = Value::Dynamic(Box::new(json::to_dynamic(&manifest)));
    found.insert("manifest".to_owned(), manifest);
    Ok(found)
}

/// The field managers of those providers, as far as they have fields of an object.
///
/// Who was given another name in a configuration is known by having applied all of the manifest.
pub(super) fn former_managers(ours: &Json, live: &Json) -> Vec<String> {
    let mut content = canonical(ours);
    if let Some(fields) = content.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind"));
    }
    if let Some(metadata) = content["metadata"].as_object_mut() {
        metadata.retain(|name, _| !matches!(name.as_str(), "name" | "namespace"));
        if metadata.is_empty()
            && let Some(fields) = content.as_object_mut()
        {
            fields.remove("metadata");
        }
    }
    let mut names: Vec<_> = managers(live)
        .into_iter()
        .filter(|manager| {
            let name = manager.name.as_str();
            let of_a_provider = name.starts_with("terraform-provider-kubectl")
                || matches!(name, "HashiCorp" | "Terraform" | "kubectl-client-side-apply");
            let applied = manager.applies && (name == "kubectl" || manager.fields.covers(&content));
            name != FIELD_MANAGER && (of_a_provider || applied)
        })
        .map(|manager| manager.name)
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn take(provider: &str, type_name: &str, state: &Json) -> Result<Object> {
        let foreign = Foreign { provider, type_name, state };
        let peer = PEERS.iter().find(|peer| peer.is(&foreign)).expect("a peer");
        (peer.find)(&foreign)
    }

    #[test]
    fn what_kubernetes_manifest_manages_is_its_manifest() {
        let manifest = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "namespace": "b", "labels": null},
            "data": {"x": "1"},
        });
        let state = json!({"manifest": {"type": "dynamic", "value": manifest}});
        let provider = "registry.terraform.io/hashicorp/kubernetes";
        let found = take(provider, "kubernetes_manifest", &state).unwrap();
        assert_eq!((&found["kind"], &found["namespace"]), (&"ConfigMap".into(), &"b".into()));
        assert_eq!(json::from_value(&found["manifest"]).unwrap(), manifest);
        let error = take(provider, "kubernetes_manifest", &json!({})).unwrap_err();
        assert!(error.message().contains("has no apiVersion"), "{error}");
    }

    #[test]
    fn what_kubectl_manifest_manages_is_its_yaml() {
        let state = json!({
            "yaml_body": "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  uid: x\nstatus: {}\n",
            "override_namespace": null,
        });
        let found = take("x/alekc/kubectl", "kubectl_manifest", &state).unwrap();
        assert_eq!(found.get("namespace"), None);
        let manifest = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
        assert_eq!(json::from_value(&found["manifest"]).unwrap(), manifest);

        let state = json!({
            "yaml_body": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n",
            "override_namespace": "c",
        });
        let found = take("x/gavinbunney/kubectl", "kubectl_manifest", &state).unwrap();
        assert_eq!(found["namespace"], "c".into());
        let state = json!({"yaml_body": "a: [secret"});
        let error = take("x/alekc/kubectl", "kubectl_manifest", &state).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn whoever_applied_all_of_it_is_who_managed_it() {
        let entry = |manager: &str, operation: &str, fields: Json| json!({"manager": manager, "operation": operation, "fieldsV1": fields});
        let all = json!({"f:data": {"f:x": {}, "f:y": {}}});
        let live = json!({"metadata": {"managedFields": [
            entry("ours-by-another-name", "Apply", all.clone()),
            entry("argocd-controller", "Apply", json!({"f:data": {"f:x": {}}})),
            entry("kube-controller-manager", "Update", all.clone()),
            entry("terraform-provider-kubectl_v1.19.0", "Update", json!({"f:data": {"f:x": {}}})),
            entry(FIELD_MANAGER, "Apply", all),
        ]}});
        let ours = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},
            "data": {"x": "1", "y": "2"},
        });
        assert_eq!(
            former_managers(&ours, &live),
            ["ours-by-another-name", "terraform-provider-kubectl_v1.19.0"]
        );
    }
}
