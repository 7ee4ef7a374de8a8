//! Rules of manifests that need no cluster; unknown parts pass.

use super::content::{Subject, at, group, unwrapped};
use super::{FieldWait, Manifest, known};
use crate::framework::checks::{SERVER_METADATA, dns_label, label_value};
use crate::framework::{Attr, Diagnostics, Path, Value};

/// Kinds of the group `apps` that roll out.
const ROLLED_OUT: [&str; 3] = ["DaemonSet", "Deployment", "StatefulSet"];

/// Checks a configuration.
pub(super) fn check(config: &Manifest, diagnostics: &mut Diagnostics) {
    let manifest = Path::attribute("manifest");
    let value = config.manifest.clone().into_value();
    if is_object(&value, &manifest, diagnostics) {
        subject(&value, diagnostics);
        metadata(&value, diagnostics);
        of_the_server(&value, &manifest, diagnostics);
        null_elements(&value, &manifest, diagnostics);
    }
    secret(config, &value, diagnostics);
    waits(config, &value, diagnostics);
    ignored(config, diagnostics);
}

/// Whether something is there for sure.
fn is_given(value: &Value) -> bool {
    !value.is_null() && !value.is_unknown()
}

/// Whether there is an object to look at.
fn is_object(value: &Value, path: &Path, diagnostics: &mut Diagnostics) -> bool {
    let found = match unwrapped(value) {
        Value::Object(_) => return true,
        Value::Unknown | Value::Null => return false,
        Value::String(_) => "text",
        Value::List(_) => "a list",
        Value::Number(_) => "a number",
        Value::Bool(_) => "true or false",
        Value::Dynamic(_) => "something else",
    };
    diagnostics.invalid(
        path.clone(),
        format!("Invalid value for {path}"),
        format!(
            "{path} is {found}, expected an object. Of YAML it is made by yamldecode(...) or \
             provider::gitops::manifest_decode(...), and of a file with several documents by \
             manifest_decode_multi(...), for a for_each."
        ),
    );
    false
}

fn subject(value: &Value, diagnostics: &mut Diagnostics) {
    let api_version = |text: &str| {
        let word = |word: &str| !word.is_empty() && !word.contains(['/', ' ']);
        let (group, version) = text.split_once('/').unwrap_or(("core", text));
        if word(group) && word(version) && version.starts_with('v') {
            return Ok(());
        }
        Err(format!("{text:?} is no version of an API, such as v1 or apps/v1"))
    };
    let kind = |text: &str| {
        let capital = text.starts_with(|c: char| c.is_ascii_uppercase());
        if capital && text.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Ok(());
        }
        Err(format!("{text:?} is no kind, such as Deployment"))
    };
    text(value, &["apiVersion"], true, api_version, diagnostics);
    text(value, &["kind"], true, kind, diagnostics);
    let is_list = |kind: &str| kind.ends_with("List") && is_given(at(value, &["items"]));
    if at(value, &["kind"]).as_str().is_some_and(is_list) {
        let path = Path::attribute("manifest").field("items");
        diagnostics.invalid(
            path,
            "A list of objects",
            "A gitops_manifest is one object. Make one for each of the items with for_each; \
             provider::gitops::manifest_decode_multi(...) takes such a list apart.",
        );
    }
}

fn metadata(value: &Value, diagnostics: &mut Diagnostics) {
    let path = Path::attribute("manifest").field("metadata");
    let metadata = at(value, &["metadata"]);
    if metadata.is_null() {
        missing(&path, diagnostics);
        return;
    }
    if !is_object(metadata, &path, diagnostics) {
        return;
    }
    // Names of some kinds may have colons and capitals; none may lead elsewhere in a URL.
    let name = |text: &str| {
        if text.is_empty() || text == "." || text == ".." || text.contains(['/', '%']) {
            return Err(format!("{text:?} is no name of an object"));
        }
        Ok(())
    };
    let generated = at(metadata, &["generateName"]);
    if is_given(generated) {
        diagnostics.invalid(
            path.field("generateName"),
            "A name that the server makes up",
            "An object without a name of its own cannot be found again. Set metadata.name, with \
             the random_id of the provider hashicorp/random in it if need be.",
        );
    } else {
        text(value, &["metadata", "name"], true, name, diagnostics);
    }
    text(value, &["metadata", "namespace"], false, dns_label, diagnostics);
    cluster_wide(value, diagnostics);
    for (map, rule) in
        [("labels", label_value as fn(&str) -> Result<(), String>), ("annotations", |_| Ok(()))]
    {
        let entries = at(metadata, &[map]);
        if entries.is_null() || !is_object(entries, &path.field(map), diagnostics) {
            continue;
        }
        for key in entries.as_object().into_iter().flatten().map(|(key, _)| key) {
            text(value, &["metadata", map, key], false, rule, diagnostics);
        }
    }
}

/// A namespace where there is none.
fn cluster_wide(value: &Value, diagnostics: &mut Diagnostics) {
    let Subject { api_version, kind, namespace, .. } = Subject::of(value);
    let known = api_version.known().zip(kind.known());
    if let Some((api_version, kind)) = known
        && namespace.is_set()
        && known::is_namespaced(api_version, kind) == Some(false)
    {
        diagnostics.invalid(
            Path::attribute("manifest").field("metadata").field("namespace"),
            "Objects of this kind are in no namespace",
            format!("A {kind} is one of the whole cluster. Remove metadata.namespace."),
        );
    }
}

/// What a configuration cannot set.
fn of_the_server(value: &Value, path: &Path, diagnostics: &mut Diagnostics) {
    let mut refuse = |path: Path| {
        diagnostics.invalid(
            path.clone(),
            "Written by the API server",
            format!(
                "{path} is written by the API server and by controllers. Leave it out; \
                 provider::gitops::manifest_decode(...) does that with YAML of a live object."
            ),
        );
    };
    if is_given(at(value, &["status"])) {
        refuse(path.field("status"));
    }
    for name in SERVER_METADATA {
        if is_given(at(value, &["metadata", name])) {
            refuse(path.field("metadata").field(name));
        }
    }
}

/// A null stands for nothing at all, and there is no such element.
fn null_elements(value: &Value, path: &Path, diagnostics: &mut Diagnostics) {
    match unwrapped(value) {
        Value::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                let path = path.index(index);
                if element.is_null() {
                    diagnostics.invalid(path, "Null element", "Leave the element out instead.");
                } else {
                    null_elements(element, &path, diagnostics);
                }
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                null_elements(value, &path.field(name), diagnostics);
            }
        }
        _ => {}
    }
}

/// Checks a text of a manifest.
fn text(
    manifest: &Value,
    names: &[&str],
    required: bool,
    rule: impl Fn(&str) -> Result<(), String>,
    diagnostics: &mut Diagnostics,
) {
    let path = names.iter().fold(Path::attribute("manifest"), |path, name| path.field(*name));
    let broken = match at(manifest, names) {
        Value::Null if required => return missing(&path, diagnostics),
        Value::Null | Value::Unknown => return,
        Value::String(text) => match rule(text) {
            Ok(()) => return,
            Err(broken) => broken,
        },
        Value::Bool(_) | Value::Number(_) => {
            "the API takes text only: write it in quotes".to_owned()
        }
        _ => "it is no text".to_owned(),
    };
    diagnostics.invalid(
        path.clone(),
        format!("Invalid value for {path}"),
        format!("The value of {path} breaks a rule: {broken}."),
    );
}

fn missing(path: &Path, diagnostics: &mut Diagnostics) {
    diagnostics.invalid(
        path.clone(),
        "Missing required argument",
        format!("The argument {path} is required."),
    );
}

/// What is kept nowhere stands beside the manifest, and not instead of a part of it.
fn secret(config: &Manifest, manifest: &Value, diagnostics: &mut Diagnostics) {
    let path = Path::attribute("manifest_wo");
    let secret = config.manifest_wo.clone().into_value();
    let versioned = config.manifest_wo_version.is_set();
    if config.manifest_wo.is_set() != versioned {
        let (there, lacks) = if versioned {
            ("manifest_wo_version", "manifest_wo")
        } else {
            ("manifest_wo", "manifest_wo_version")
        };
        diagnostics.invalid(
            Path::attribute(there),
            "A write-only value and its version belong together",
            format!(
                "{there} is set and {lacks} is not. The value of manifest_wo is kept nowhere; a \
                 change of manifest_wo_version tells that it is a new one."
            ),
        );
    }
    if secret.is_null() || !is_object(&secret, &path, diagnostics) {
        return;
    }
    let mut named = false;
    for names in [&["apiVersion"][..], &["kind"], &["metadata", "name"], &["metadata", "namespace"]]
    {
        if is_given(at(&secret, names)) {
            named = true;
            let path = names.iter().fold(path.clone(), |path, name| path.field(*name));
            diagnostics.invalid(
                path.clone(),
                "Tells which object it is",
                format!("{path} is no secret: set it in manifest."),
            );
        }
    }
    if !named {
        twice(manifest, &secret, &path, diagnostics);
    }
    null_elements(&secret, &path, diagnostics);
}

fn twice(manifest: &Value, secret: &Value, path: &Path, diagnostics: &mut Diagnostics) {
    let Value::Object(secret) = unwrapped(secret) else { return };
    for (name, value) in secret {
        let path = path.field(name);
        match (unwrapped(at(manifest, &[name])), unwrapped(value)) {
            (Value::Null | Value::Unknown, _) | (_, Value::Null | Value::Unknown) => {}
            (ours @ Value::Object(_), value @ Value::Object(_)) => {
                twice(ours, value, &path, diagnostics);
            }
            _ => diagnostics.invalid(
                path.clone(),
                "Set twice",
                format!("{path} is set in manifest, too. Set it in one of them."),
            ),
        }
    }
}

fn waits(config: &Manifest, manifest: &Value, diagnostics: &mut Diagnostics) {
    let Attr::Known(wait) = &config.wait else { return };
    let path = Path::attribute("wait");
    let Subject { api_version, kind, .. } = Subject::of(manifest);
    if wait.rollout.is_true()
        && let Some((api_version, kind)) = api_version.known().zip(kind.known())
        && !(group(api_version) == "apps" && ROLLED_OUT.contains(&kind.as_str()))
    {
        diagnostics.invalid(
            path.field("rollout"),
            "Nothing to roll out",
            format!(
                "A {kind} of {api_version} has no roll-out; {} of apps/v1 have. Wait for a \
                 condition or a field instead.",
                ROLLED_OUT.join(", ")
            ),
        );
    }
    for (index, field) in wait.fields.known().into_iter().flatten().enumerate() {
        let FieldWait { value, value_regex, .. } = field;
        if value.is_set() && value_regex.is_set() {
            diagnostics.invalid(
                path.field("fields").index(index).field("value_regex"),
                "Two values for one field",
                "Set either value or value_regex, and not both.",
            );
        }
    }
}

fn ignored(config: &Manifest, diagnostics: &mut Diagnostics) {
    const FIXED: [&str; 4] = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];
    for path in config.ignore_fields.known().into_iter().flat_map(|paths| &paths.0) {
        if FIXED.contains(&path.as_str()) {
            diagnostics.invalid(
                Path::attribute("ignore_fields"),
                "Tells which object it is",
                format!("{path} cannot be left to others: it says which object this is."),
            );
        }
    }
}
