//! Fields that others legitimately change: set at the create, then left alone.
//!
//! Kargo moves an application's revision, an image updater its parameters. Such
//! a field keeps in the state what the configuration first said, shows in no
//! plan, and is sent in an update as it is in the cluster, so that the update
//! neither resets nor disowns it.

use serde_json::Value as Json;

use crate::framework::schema::{Attribute, Kind, Nesting};
use crate::framework::{Change, Diagnostics, Error, Path, Result, Step, Value};

/// The paths that the attribute `ignore_fields` names.
pub(super) fn configured(values: &Value) -> Vec<Path> {
    let paths = values.get("ignore_fields").as_list().unwrap_or_default();
    paths.iter().filter_map(Value::as_str).map(parse).collect()
}

/// `source.helm.parameters` as a path.
fn parse(text: &str) -> Path {
    text.split('.').map(|name| Step::Attribute(name.to_owned())).collect()
}

/// Checks that each path leads to an attribute.
pub(super) fn validate(attributes: &[Attribute], config: &Value, diagnostics: &mut Diagnostics) {
    for path in configured(config) {
        if pointer(attributes, "", &path).is_none() {
            diagnostics.invalid(
                Path::attribute("ignore_fields"),
                "No such field",
                format!(
                    "{path} is no attribute of the object. Write the names of attributes with \
                     dots between them, as in \"source.target_revision\"; elements of a list \
                     cannot be named, the whole list can."
                ),
            );
        }
    }
}

/// Makes sure that it is known which fields are ignored, as far as a plan depends on it.
///
/// The plan is made again right before its apply, when more is known, and must come to the same.
/// So what is changed now and might be kept then, or the other way round, is refused.
pub(super) fn decided(undecided: Option<(Path, Vec<Path>)>, change: &Change) -> Result<()> {
    let Some(prior) = &change.prior else { return Ok(()) };
    if !change.config.get("ignore_fields").is_wholly_known() {
        return Err(undecidable(&Path::attribute("ignore_fields"), "which fields are ignored"));
    }
    let Some((attribute, mut paths)) = undecided else { return Ok(()) };
    // What is planned as unknown may become either.
    paths.retain(|path| is_set(path, &change.config) && !at(path, &change.planned).is_unknown());
    for path in paths {
        let mut kept = change.planned.clone();
        keep(std::slice::from_ref(&path), prior, &mut kept);
        if kept != change.planned {
            return Err(undecidable(&attribute, &format!("whether {path} is changed")));
        }
    }
    Ok(())
}

fn undecidable(attribute: &Path, what: &str) -> Error {
    Error::invalid(format!("{attribute} is known only after apply, and decides {what}"))
        .at(attribute.clone())
        .advise(format!(
            "Write {attribute} so that its keys or elements are known when the plan is made, or \
             apply first what it depends on."
        ))
}

/// Whether there is something at a path.
pub(super) fn is_set(path: &Path, values: &Value) -> bool {
    !at(path, values).is_null()
}

fn at<'a>(path: &Path, values: &'a Value) -> &'a Value {
    path.steps().iter().fold(values, |values, step| match step {
        Step::Attribute(name) => values.get(name),
        Step::Index(_) | Step::Key(_) => &Value::Null,
    })
}

/// Takes over the values at these paths from `from`.
pub(super) fn keep(paths: &[Path], from: &Value, values: &mut Value) {
    for path in paths {
        copy(path.steps(), from, values);
    }
}

fn copy(steps: &[Step], from: &Value, to: &mut Value) {
    let [Step::Attribute(name), rest @ ..] = steps else { return };
    let Value::Object(object) = to else { return };
    let from = from.get(name);
    if rest.is_empty() {
        // What was never there before has nothing to keep.
        if !from.is_null() {
            object.insert(name.clone(), from.clone());
        }
    } else if let Some(inner) = object.get_mut(name) {
        copy(rest, from, inner);
    }
}

/// Sends the fields at these paths as they are in the cluster.
pub(super) fn keep_live(
    attributes: &[Attribute],
    root: &str,
    paths: &[Path],
    live: &Json,
    content: &mut Json,
) {
    for path in paths {
        let Some(pointer) = pointer(attributes, root, path) else { continue };
        let Some(ours) = content.pointer_mut(&pointer) else { continue };
        if let Some(live) = live.pointer(&pointer) {
            *ours = live.clone();
        }
    }
}

/// Where an attribute is in the object.
fn pointer(attributes: &[Attribute], root: &str, path: &Path) -> Option<String> {
    let mut place = root.to_owned();
    let mut attributes = attributes;
    let mut steps = path.steps().iter().peekable();
    while let Some(Step::Attribute(name)) = steps.next() {
        let attr = attributes.iter().find(|attr| attr.name == name)?;
        let field = attr.api.field?;
        place = if field.starts_with('/') { field.to_owned() } else { format!("{place}/{field}") };
        match &attr.kind {
            _ if steps.peek().is_none() => return Some(place),
            Kind::Nested(Nesting::Single, inner) => attributes = inner,
            _ => return None,
        }
    }
    None
}
