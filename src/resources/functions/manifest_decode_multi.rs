//! Manifests out of YAML.

use super::manifests::objects;
use crate::framework::{Attr, Dynamic, Function, Model, Result, json};

/// Makes objects of the YAML text of Kubernetes manifests, one for each document; a list of objects,
/// such as `kubectl get -o yaml` prints of several, is its items.
///
/// What only an API server writes is left out, as by `manifest_decode`.
#[derive(Clone, Debug, Default, Model)]
pub struct ManifestDecodeMulti {
    /// The YAML text; empty documents in it are left out.
    #[attr(required)]
    manifest: Attr<String>,
}

impl Function for ManifestDecodeMulti {
    type Parameters = Self;
    type Output = Dynamic;

    const NAME: &'static str = "manifest_decode_multi";
    const SUMMARY: &'static str = "Objects of YAML manifests";
    const RETURNS: &'static str = "a tuple of the objects, in the order of the text.";

    fn call(parameters: Self) -> Result<Dynamic> {
        let text = parameters.manifest.require("manifest")?;
        let objects = objects(text).map_err(|error| error.at("manifest"))?;
        Ok(json::to_dynamic(&objects.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_an_object() {
        let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n---\n\
                    apiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n";
        let decode = |text: &str| {
            let manifest = text.to_owned().into();
            let found = ManifestDecodeMulti::call(ManifestDecodeMulti { manifest }).unwrap();
            json::from_value(&found.value).unwrap()
        };
        let found = decode(text);
        let names: Vec<_> =
            found.as_array().unwrap().iter().map(|o| &o["metadata"]["name"]).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(decode(""), serde_json::json!([]));
    }
}
