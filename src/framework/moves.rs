//! States of other providers' types that become ones of ours, by a `moved` block.
//!
//! Only what says which object it is is taken over. The rest is read from the
//! object itself, as after an import: that is what is there, whatever the other
//! provider has made of it.

use serde_json::Value as Json;

use super::error::{Error, Result};
use super::value::Object;

/// A type of another provider whose states can become ones of ours.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Namespaces and types of the providers that have it, as in `hashicorp/aws`.
    pub providers: &'static [&'static str],
    /// Its name, such as `aws_iam_role`.
    pub type_name: &'static str,
    /// What an import of the object needs, out of its state.
    pub find: fn(&Foreign<'_>) -> Result<Object>,
}

/// A state of another provider's type.
#[derive(Clone, Copy, Debug)]
pub struct Foreign<'a> {
    /// Address of the provider, with its registry.
    pub provider: &'a str,
    /// Name of the type.
    pub type_name: &'a str,
    /// The state as JSON, in the version of its schema that it was stored in.
    pub state: &'a Json,
}

impl Peer {
    /// Whether that is where the state is from, whichever registry the provider is from.
    pub fn is(&self, foreign: &Foreign<'_>) -> bool {
        let provider = foreign.provider.split_once('/').map_or("", |(_, name)| name);
        self.type_name == foreign.type_name && self.providers.contains(&provider)
    }
}

impl Foreign<'_> {
    /// The text at a JSON pointer.
    ///
    /// # Errors
    /// When there is none: the object was never created, or the type is another
    /// than it was.
    pub fn text(&self, pointer: &str) -> Result<&str> {
        self.state.pointer(pointer).and_then(Json::as_str).ok_or_else(|| {
            let name = pointer.trim_start_matches('/').replace('/', ".");
            Error::invalid(format!("the state of {} has no text {name}", self.type_name)).advise(
                "Import the object instead, with an import block, and let the other resource go \
                 with a removed block.",
            )
        })
    }

    /// These attributes out of the state, each a text of the same name there.
    pub fn texts<const N: usize>(&self, names: [&str; N]) -> Result<Object> {
        names
            .into_iter()
            .map(|name| Ok((name.to_owned(), self.text(&format!("/{name}"))?.into())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PEER: Peer = Peer {
        providers: &["hashicorp/aws"],
        type_name: "aws_iam_role",
        find: |foreign| foreign.texts(["name"]),
    };

    #[test]
    fn a_peer_is_known_by_provider_and_type_whatever_the_registry() {
        let state = json!({"name": "a", "path": null});
        let is = |provider: &str, type_name: &str| {
            PEER.is(&Foreign { provider, type_name, state: &state })
        };
        for host in ["registry.terraform.io", "registry.opentofu.org", "mirror.example.com:8443"] {
            let provider = format!("{host}/hashicorp/aws");
            assert!(is(&provider, "aws_iam_role"), "{provider}");
            assert!(!is(&provider, "aws_iam_policy"));
        }
        for other in ["registry.terraform.io/evil/aws", "hashicorp/aws", "", "x/y/hashicorp/aws"] {
            assert!(!is(other, "aws_iam_role"), "{other}");
        }
    }

    #[test]
    fn what_the_state_lacks_is_said() {
        let state = json!({"name": "a", "path": null});
        let foreign = Foreign { provider: "", type_name: "aws_iam_role", state: &state };
        assert_eq!(foreign.texts(["name"]).unwrap()["name"], "a".into());
        let error = foreign.texts(["path"]).unwrap_err();
        assert_eq!(error.message(), "the state of aws_iam_role has no text path");
        assert!(error.detail().contains("import block"), "{}", error.detail());
    }
}
