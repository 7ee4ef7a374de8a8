//! What Argo CD's own provider has made, taken over by a `moved` block.

use crate::framework::{Foreign, Object, Peer, Result};

/// A type of Argo CD's own provider, for an object of the same kind.
pub(super) const fn peer(type_name: &'static str) -> Peer {
    Peer { providers: &["argoproj-labs/argocd", "oboukili/argocd"], type_name, find: metadata }
}

/// It names objects by a block of metadata.
fn metadata(state: &Foreign<'_>) -> Result<Object> {
    let part = |name| Ok((String::from(name), state.text(&format!("/metadata/0/{name}"))?.into()));
    ["name", "namespace"].into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_known_by_its_block_of_metadata() {
        let find = |state| {
            let foreign = Foreign {
                provider: "registry.terraform.io/oboukili/argocd",
                type_name: "argocd_application",
                state: &state,
            };
            let peer = peer("argocd_application");
            assert!(peer.is(&foreign));
            (peer.find)(&foreign)
        };
        let found = find(json!({"metadata": [{"name": "shop", "namespace": "argocd"}]})).unwrap();
        assert_eq!((&found["namespace"], &found["name"]), (&"argocd".into(), &"shop".into()));
        let error = find(json!({"metadata": [{"name": "shop"}]})).unwrap_err();
        assert!(error.message().contains("metadata.0.namespace"), "{error}");
    }
}
