//! What Argo CD's own provider has made, taken over by a `moved` block.

use super::NAMESPACE;
use crate::framework::{Foreign, Object, Peer, Result};

/// The namespaces and types of Argo CD's own provider.
const PROVIDERS: &[&str] = &["argoproj-labs/argocd", "oboukili/argocd"];

/// A type of Argo CD's own provider, for an object of the same kind.
pub(super) const fn peer(type_name: &'static str) -> Peer {
    Peer { providers: PROVIDERS, type_name, find: metadata }
}

/// It names objects by a block of metadata.
fn metadata(state: &Foreign<'_>) -> Result<Object> {
    let part = |name| Ok((String::from(name), state.text(&format!("/metadata/0/{name}"))?.into()));
    ["name", "namespace"].into_iter().map(part).collect()
}

/// `argocd_repository`. It has Argo CD name the Secret.
pub(super) const REPOSITORY: Peer = Peer {
    providers: PROVIDERS,
    type_name: "argocd_repository",
    find: |state| {
        // One that is for every project has none.
        let project = state.text("/project").unwrap_or_default();
        Ok(made_by_argo_cd("repo", state.text("/repo")?, project))
    },
};

/// `argocd_repository_credentials`. It has Argo CD name the Secret.
pub(super) const REPOSITORY_CREDENTIALS: Peer = Peer {
    providers: PROVIDERS,
    type_name: "argocd_repository_credentials",
    find: |state| Ok(made_by_argo_cd("creds", state.text("/url")?, "")),
};

/// The Secret that Argo CD's API server makes for a URL and a project, in its
/// own namespace, which the other provider does not know.
fn made_by_argo_cd(prefix: &str, url: &str, project: &str) -> Object {
    let name = format!("{prefix}-{}", fnv1a(&[url.as_bytes(), project.as_bytes()].concat()));
    Object::from([("name".into(), name.into()), ("namespace".into(), NAMESPACE.into())])
}

/// The 32-bit FNV-1a hash, as Argo CD makes names with.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
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

    fn find(peer: &Peer, state: &serde_json::Value) -> Result<Object> {
        let type_name = peer.type_name;
        let provider = "registry.terraform.io/argoproj-labs/argocd";
        let foreign = Foreign { provider, type_name, state };
        assert!(peer.is(&foreign));
        (peer.find)(&foreign)
    }

    /// The names are those that Argo CD's own tests expect.
    #[test]
    fn a_repository_is_the_secret_that_argo_cd_names_after_it() {
        for (repo, project, name) in [
            ("git://git@github.com:argoproj/ARGO-cd.git", json!(null), "repo-83273445"),
            ("git://git@github.com:argoproj/ARGO-cd.git", json!("foobar"), "repo-2733415816"),
            ("https://github.com/argoproj/argo-cd", json!(""), "repo-42374749"),
        ] {
            let found = find(&REPOSITORY, &json!({"repo": repo, "project": project})).unwrap();
            assert_eq!((&found["namespace"], &found["name"]), (&"argocd".into(), &name.into()));
        }
        let url = "git@github.com:argoproj";
        let found = find(&REPOSITORY_CREDENTIALS, &json!({ "url": url })).unwrap();
        assert_eq!(found["name"], "creds-2666065091".into());
        let error = find(&REPOSITORY, &json!({})).unwrap_err();
        assert!(error.message().contains("has no text repo"), "{error}");
    }
}
