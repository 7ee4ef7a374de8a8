//! What a change of a manifest comes to, without a cluster.

use super::content::{self, Subject, at, group};
use super::field_path::FieldPath;
use super::{drift, known};
use crate::framework::schema::Presence;
use crate::framework::{Attr, Attribute, Change, Error, Path, Result, Value, json};

/// Remembered of an object that was imported and that nothing was applied to since: its state shows
/// more than is managed here.
pub(super) const UNAPPLIED: &str = "unapplied";

/// The paths that `ignore_fields` names.
pub(super) fn ignored(values: &Value) -> Vec<FieldPath> {
    paths(values.get("ignore_fields"))
}

/// The paths of a list.
pub(super) fn paths(list: &Value) -> Vec<FieldPath> {
    let texts = list.as_list().unwrap_or_default().iter().filter_map(Value::as_str);
    texts.filter_map(|text| FieldPath::parse(text).ok()).collect()
}

/// Plans an object that is made.
pub(super) fn create(change: &mut Change) {
    let subject = Subject::of(change.config.get("manifest"));
    let namespace = match &subject.namespace {
        Attr::Null => {
            let known = subject.api_version.known().zip(subject.kind.known());
            match known.and_then(|(version, kind)| known::is_namespaced(version, kind)) {
                Some(true) => DEFAULT.into(),
                Some(false) => Value::Null,
                None => Value::Unknown,
            }
        }
        given => given.clone().into_value(),
    };
    let planned = &mut change.planned;
    planned.set("namespace", namespace);
    planned.set("api_version", subject.api_version.into_value());
    planned.set("kind", subject.kind.into_value());
    planned.set("name", subject.name.into_value());
    forget_fields(planned);
}

/// Plans a change of an object that is there.
///
/// # Errors
/// When it is not known which object it is.
pub(super) fn update(attributes: &[Attribute], change: &mut Change, unapplied: bool) -> Result<()> {
    let Some(prior) = &change.prior else { return Ok(()) };
    decided(&change.config)?;
    let (config, before) = (change.config.get("manifest"), prior.get("manifest"));
    let documents = content::document(config).ok().zip(content::document(before).ok());
    let same = documents
        .as_ref()
        .is_some_and(|(config, before)| drift::same(config, before, &ignored(&change.config)));
    if same {
        change.planned.set("manifest", before.clone());
    }
    spelled_alike(config, before, &ignored(&change.config))?;
    // What else the state of an import shows is others', and stays theirs.
    let covered =
        unapplied && documents.is_some_and(|(config, before)| drift::covers(&before, &config));
    let subject = Subject::of(config);
    for (name, path, part) in [
        ("api_version", &["apiVersion"][..], subject.api_version),
        ("kind", &["kind"], subject.kind),
        ("name", &["metadata", "name"], subject.name),
        ("namespace", &["metadata", "namespace"], subject.namespace),
    ] {
        let known = prior.get(name);
        let part = match part {
            // None was given and none is given: it is where it was. Else it is the default one,
            // since there are no namespaces for kinds without.
            Attr::Null if at(before, path).is_null() => known.clone(),
            Attr::Null if known.is_null() => Value::Null,
            Attr::Null => DEFAULT.into(),
            part => part.into_value(),
        };
        let moves = if name == "api_version" {
            // Another version of the group shows the same object.
            part.as_str().zip(known.as_str()).is_none_or(|(a, b)| group(a) != group(b))
        } else {
            part != *known
        };
        if moves {
            let path =
                path.iter().fold(Path::attribute("manifest"), |path, name| path.field(*name));
            change.replace.push(path);
        }
        change.planned.set(name, part);
    }
    let apart_from = if covered { "manifest" } else { "" };
    if configured(attributes, &change.planned, apart_from)
        == configured(attributes, prior, apart_from)
    {
        change.planned = prior.clone();
        change.replace.clear();
    } else {
        forget_fields(&mut change.planned);
    }
    Ok(())
}

/// The namespace of an object for which none is given, as for `kubectl`.
pub(super) const DEFAULT: &str = "default";

/// Refuses to guess which object it is.
///
/// Taken for another one, what is there would be destroyed; taken for the same, an apply would find
/// out in the middle that it is not.
fn decided(config: &Value) -> Result<()> {
    let unknown = [&[][..], &["metadata"]]
        .into_iter()
        .find(|names| at(config.get("manifest"), names).is_unknown());
    if let Some(names) = unknown {
        let path = names.iter().fold(Path::attribute("manifest"), |path, name| path.field(*name));
        return Err(Error::premature(format!(
            "{path} as a whole is known only after apply, and decides which object it is"
        ))
        .at(path)
        .advise(
            "Write apiVersion, kind and metadata.name so that they are known when the plan is \
             made, as in merge(yamldecode(templatefile(...)), { metadata = { name = ... } }), or \
             give the template only what is known; single fields may be unknown. Or apply first \
             what it depends on.",
        ));
    }
    if !config.get("ignore_fields").is_wholly_known() {
        let path = Path::attribute("ignore_fields");
        return Err(Error::premature(
            "ignore_fields is known only after apply, and decides which fields are changed",
        )
        .at(path)
        .advise("Write it so that its elements are known when the plan is made."));
    }
    Ok(())
}

/// Refuses a manifest with unknown parts whose known parts are spelled otherwise than in the state
/// and mean the same, or are ignored.
///
/// If the unknown parts turned out to be as they were, nothing would change, and the state would
/// keep its spelling; else it would get the new one. A plan has to say which beforehand.
fn spelled_alike(config: &Value, prior: &Value, ignored: &[FieldPath]) -> Result<()> {
    if config.is_wholly_known() {
        return Ok(());
    }
    let as_it_was = filled(content::unwrapped(config), content::unwrapped(prior));
    let documents = content::document(&as_it_was).ok().zip(content::document(prior).ok());
    let Some((config, prior)) = documents else { return Ok(()) };
    if json::same(&config, &prior) || !drift::same(&config, &prior, ignored) {
        return Ok(());
    }
    let path = Path::attribute("manifest");
    Err(Error::premature(
        "parts of manifest are known only after apply, and others are ignored, or mean the same as \
         before in another spelling: whether they change cannot be told",
    )
    .at(path)
    .advise("Write what is known as it was, or apply first what the unknown parts depend on."))
}

/// A value with what is unknown as it was before.
fn filled(value: &Value, before: &Value) -> Value {
    match value {
        Value::Unknown => before.clone(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| {
                let before = content::unwrapped(before.get(name));
                (name.clone(), filled(content::unwrapped(value), before))
            })
            .collect(),
        Value::List(elements) => {
            let known = before.as_list().unwrap_or_default();
            let element = |(at, value): (usize, &Value)| {
                let before = known.get(at).map_or(&Value::Null, content::unwrapped);
                filled(content::unwrapped(value), before)
            };
            elements.iter().enumerate().map(element).collect()
        }
        value => value.clone(),
    }
}

/// What of the values a configuration decides, apart from one of them.
fn configured<'a>(attributes: &[Attribute], values: &'a Value, apart_from: &str) -> Vec<&'a Value> {
    let configured = attributes
        .iter()
        .filter(|attr| attr.presence != Presence::Computed && attr.name != apart_from);
    configured.map(|attr| values.get(attr.name)).collect()
}

/// What is read back is not known before, unless nothing is.
fn forget_fields(planned: &mut Value) {
    let none = planned.get("read_fields").is_null();
    planned.set("fields", if none { Value::Null } else { Value::Unknown });
}
