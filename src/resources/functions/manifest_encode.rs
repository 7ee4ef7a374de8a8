//! YAML out of manifests.

use serde_json::Value as Json;

use crate::framework::{Attr, Dynamic, Error, Function, Model, Result, json, yaml};

/// Writes a Kubernetes manifest, or a list of them, as YAML.
///
/// Fields are in the order of their names, what is `null` is left out, and texts that a YAML reader
/// could take for something else are in quotes.
#[derive(Clone, Debug, Default, Model)]
pub struct ManifestEncode {
    /// The object, or a list of objects.
    #[attr(required)]
    manifest: Attr<Dynamic>,
}

impl Function for ManifestEncode {
    type Parameters = Self;
    type Output = String;

    const NAME: &'static str = "manifest_encode";
    const SUMMARY: &'static str = "YAML of a manifest";
    const RETURNS: &'static str =
        "the text; the objects of a list become documents with `---` between them.";

    fn call(parameters: Self) -> Result<String> {
        let manifest = json::from_value(&parameters.manifest.require("manifest")?.value)?;
        let objects = match manifest {
            Json::Array(objects) => objects,
            object => vec![object],
        };
        if let Some(at) = objects.iter().position(|object| !object.is_object()) {
            let which = if objects.len() > 1 { format!("element {at}") } else { "it".to_owned() };
            return Err(Error::invalid(format!("{which} is no object")).at("manifest"));
        }
        let objects: Vec<_> = objects.into_iter().map(json::without_nulls).collect();
        yaml::text(&objects).map_err(|error| error.at("manifest"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn encode(manifest: &Json) -> Result<String> {
        let manifest = json::to_dynamic(manifest).into();
        ManifestEncode::call(ManifestEncode { manifest })
    }

    #[test]
    fn what_is_written_is_read_back() {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": null},
            "data": {"on": "yes", "script": "one\ntwo\n"},
        });
        let text = encode(&object).unwrap();
        let read = yaml::documents(&text).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0]["data"], object["data"]);
        assert!(read[0]["metadata"].get("labels").is_none());
        let text = encode(&json!([object, object])).unwrap();
        assert_eq!(yaml::documents(&text).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert!(encode(&json!("text")).unwrap_err().message().contains("it is no object"));
        let error = encode(&json!([{}, 1])).unwrap_err();
        assert!(error.message().contains("element 1 is no object"), "{error}");
    }
}
