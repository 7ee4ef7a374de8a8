//! ARN to URL and back, in the objects that Argo CD's controllers read and write.
//!
//! The URL of a cluster is a fixed prefix with the ARN behind it. So the way back is exact and
//! needs no table: wherever the prefix occurs, in whatever text, it is taken away. The way there is
//! narrow, because other texts may hold an ARN for other purposes (a Helm parameter, say) and must
//! reach Argo CD unchanged:
//!
//! - `data.server` of a Secret,
//! - any field `server`, as `destination` and `destinations` have it, also as a pattern of an
//!   `AppProject`,
//! - any text inside the `generators` of an `ApplicationSet`, whose values become destinations.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The rules with the prefix filled in.
#[derive(Clone, Debug)]
pub(super) struct Translation {
    prefix: String,
}

impl Translation {
    /// `prefix` ends with a slash and occurs nowhere but in these URLs.
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix }
    }

    /// What stands for the ARN where the controllers look.
    pub(super) fn url(&self, arn: &str) -> String {
        format!("{}{arn}", self.prefix)
    }

    /// A document from the API server, as the controllers get it.
    pub(super) fn present_text(&self, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut document = serde_json::from_slice(text)?;
        self.present(&mut document, false);
        Ok(serde_json::to_vec(&document)?)
    }

    /// A document from the controllers, as the API server gets it. What is not JSON passes
    /// unchanged.
    pub(super) fn restore_text(&self, text: &[u8]) -> Vec<u8> {
        match serde_json::from_slice(text) {
            Ok(mut document) => {
                self.restore(&mut document);
                document.to_string().into_bytes()
            }
            Err(_) => text.to_vec(),
        }
    }

    fn present(&self, value: &mut Value, in_generators: bool) {
        match value {
            Value::String(text) if in_generators => self.present_arn(text),
            Value::Array(items) => {
                for item in items {
                    self.present(item, in_generators);
                }
            }
            Value::Object(fields) => {
                if let Some(Value::String(server)) =
                    fields.get_mut("data").and_then(|data| data.get_mut("server"))
                {
                    recode(server, |text| self.present_arn(text));
                }
                for (name, field) in fields {
                    match field {
                        Value::String(text) if name == "server" => self.present_arn(text),
                        field => self.present(field, in_generators || name == "generators"),
                    }
                }
            }
            _ => {}
        }
    }

    /// An `AppProject`'s destination may be a pattern, and may be denied by a leading exclamation
    /// mark.
    fn present_arn(&self, text: &mut String) {
        let (denied, arn) = text.strip_prefix('!').map_or(("", text.as_str()), |rest| ("!", rest));
        let mut parts = arn.split(':');
        if parts.next() == Some("arn") && parts.nth(1) == Some("eks") {
            *text = format!("{denied}{}", self.url(arn));
        }
    }

    fn restore(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.restore_arn(text),
            Value::Array(items) => {
                for item in items {
                    self.restore(item);
                }
            }
            Value::Object(fields) => {
                if let Some(Value::String(server)) =
                    fields.get_mut("data").and_then(|data| data.get_mut("server"))
                {
                    recode(server, |text| self.restore_arn(text));
                }
                for field in fields.values_mut() {
                    self.restore(field);
                }
            }
            _ => {}
        }
    }

    fn restore_arn(&self, text: &mut String) {
        if text.contains(&self.prefix) {
            *text = text.replace(&self.prefix, "");
        }
    }
}

/// Changes a text inside its base64 form; leaves alone what is not one.
fn recode(encoded: &mut String, change: impl FnOnce(&mut String)) {
    let decoded =
        STANDARD.decode(encoded.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some(mut text) = decoded {
        change(&mut text);
        *encoded = STANDARD.encode(text);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:eks:eu-west-1:123456789012:cluster/demo";
    const URL: &str =
        "http://127.0.0.1:1/x/clusters/arn:aws:eks:eu-west-1:123456789012:cluster/demo";

    fn translation() -> Translation {
        Translation::new("http://127.0.0.1:1/x/clusters/".to_owned())
    }

    #[track_caller]
    fn check(stored: &Value, seen: &Value) {
        let there = translation().present_text(stored.to_string().as_bytes()).expect("a document");
        assert_eq!(&serde_json::from_slice::<Value>(&there).expect("JSON"), seen);
        let back = translation().restore_text(&there);
        assert_eq!(&serde_json::from_slice::<Value>(&back).expect("JSON"), stored);
    }

    #[test]
    fn the_server_of_a_cluster_secret_is_translated_inside_its_base64() {
        let secret = |server: &str| {
            let data = json!({ "name": "eA==", "server": STANDARD.encode(server) });
            json!({ "kind": "Secret", "data": data })
        };
        check(&secret(ARN), &secret(URL));
        check(&secret("https://10.0.0.1"), &secret("https://10.0.0.1"));
    }

    #[test]
    fn destinations_of_applications_are_translated_in_spec_and_status() {
        let application = |server: &str| {
            json!({
                "spec": { "destination": { "server": server, "namespace": "x" } },
                "status": { "sync": { "comparedTo": { "destination": { "server": server } } } },
            })
        };
        check(&application(ARN), &application(URL));
    }

    #[test]
    fn an_arn_that_is_not_a_destination_is_left_alone() {
        let parameters = json!([{ "name": "cluster", "value": ARN }]);
        let helm = json!({ "spec": { "source": { "helm": { "parameters": parameters } } } });
        check(&helm, &helm);
        let applied = json!({ "server": ARN }).to_string();
        let annotated = json!({ "metadata": { "annotations": { "last-applied": applied } } });
        check(&annotated, &annotated);
        let role = json!({ "destination": { "server": "arn:aws:iam::123456789012:role/x" } });
        check(&role, &role);
    }

    #[test]
    fn patterns_and_denials_of_a_project_are_translated() {
        let project = |prefix: &str| {
            json!({ "spec": { "destinations": [
                { "server": format!("{prefix}arn:aws:eks:*:123456789012:cluster/*") },
                { "server": format!("!{prefix}{ARN}") },
                { "server": "*" },
            ] } })
        };
        check(&project(""), &project("http://127.0.0.1:1/x/clusters/"));
    }

    #[test]
    fn values_of_generators_are_translated_whatever_their_name() {
        let set = |value: &str| {
            let list = json!({ "list": { "elements": [{ "target": value }] } });
            json!({ "spec": {
                "generators": [{ "matrix": { "generators": [list] } }],
                "template": { "metadata": { "annotations": { "arn": ARN } } },
            } })
        };
        check(&set(ARN), &set(URL));
    }

    #[test]
    fn a_url_inside_a_message_is_restored() {
        let message = format!("cannot reach {URL}: refused");
        let written = json!({ "status": { "conditions": [{ "message": message }] } });
        let stored = translation().restore_text(written.to_string().as_bytes());
        let stored: Value = serde_json::from_slice(&stored).expect("JSON");
        assert_eq!(
            stored["status"]["conditions"][0]["message"],
            format!("cannot reach {ARN}: refused")
        );
    }

    #[test]
    fn what_is_not_json_passes_unchanged() {
        assert_eq!(translation().restore_text(b"k8s\0binary"), b"k8s\0binary");
        assert_eq!(translation().restore_text(b""), b"");
    }
}
