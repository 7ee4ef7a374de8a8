//! A manifest out of YAML.

use super::manifests::objects;
use crate::framework::{Attr, Dynamic, Error, Function, Model, Result, json};

/// Makes an object of the YAML text of a Kubernetes manifest, for `manifest` of `gitops_manifest`.
///
/// What only an API server writes is left out: `status` and fields such as `metadata.uid`, so that
/// what `kubectl get -o yaml` prints can be taken. The text is read by YAML 1.2: `yes` and `no` are
/// texts.
#[derive(Clone, Debug, Default, Model)]
pub struct ManifestDecode {
    /// The YAML text, with one object in it.
    #[attr(required)]
    manifest: Attr<String>,
}

impl Function for ManifestDecode {
    type Parameters = Self;
    type Output = Dynamic;

    const NAME: &'static str = "manifest_decode";
    const SUMMARY: &'static str = "Object of a YAML manifest";
    const RETURNS: &'static str = "the object.";

    fn call(parameters: Self) -> Result<Dynamic> {
        let text = parameters.manifest.require("manifest")?;
        let objects = objects(text).map_err(|error| error.at("manifest"))?;
        match &objects[..] {
            [object] => Ok(json::to_dynamic(object)),
            [] => Err(Error::invalid("the text has no object in it").at("manifest")),
            many => Err(Error::invalid(format!("the text has {} objects in it", many.len()))
                .at("manifest")
                .advise("manifest_decode_multi takes a text with several objects.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<serde_json::Value> {
        ManifestDecode::call(ManifestDecode { manifest: text.to_owned().into() })
            .and_then(|any| json::from_value(&any.value))
    }

    #[test]
    fn there_is_exactly_one_object() {
        let one = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n";
        assert_eq!(decode(one).unwrap()["metadata"]["name"], "a");
        assert_eq!(decode(&format!("---\n{one}---\n")).unwrap()["kind"], "Namespace");
        let error = decode(&format!("{one}---\n{one}")).unwrap_err();
        assert!(error.message().contains("2 objects"), "{error}");
        assert!(error.detail().contains("manifest_decode_multi"), "{}", error.detail());
        assert!(decode("# nothing").unwrap_err().message().contains("no object"));
    }
}
