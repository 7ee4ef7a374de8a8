//! The settings as keys of `ConfigMaps`, and back.
//!
//! The places of the attributes say the map and the key: `/argocd-cm/url`. A
//! field that begins with `@` is no key but stands for a family of keys, whose
//! names have parts of the configuration in them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value as Json, json};

use super::ArgocdConfig;
use crate::framework::api;
use crate::framework::schema::{Attribute, Kind, Nesting};
use crate::framework::ty::Type;
use crate::framework::{Model, Path, Result, Value, yaml};

/// Most settings.
pub(super) const SETTINGS: &str = "argocd-cm";
/// Who may do what.
pub(super) const RBAC: &str = "argocd-rbac-cm";
/// Notifications.
pub(super) const NOTIFICATIONS: &str = "argocd-notifications-cm";
/// Parameters of the programs.
pub(super) const PARAMS: &str = "argocd-cmd-params-cm";
/// All of them, in the order in which they are written.
pub(super) const MAPS: [&str; 4] = [SETTINGS, RBAC, NOTIFICATIONS, PARAMS];

/// The keys of each map that has any.
pub(super) type Data = BTreeMap<&'static str, BTreeMap<String, String>>;

/// The attributes of the type, as every use of them wants them.
pub(super) static ATTRIBUTES: LazyLock<Vec<Attribute>> = LazyLock::new(ArgocdConfig::attributes);

/// Keys with parts of the configuration in their names.
struct Family {
    map: &'static str,
    /// What stands for it in the places of attributes.
    field: &'static str,
    /// Whether each name has several keys.
    parts: bool,
    /// The key of a name, and of a part.
    key: fn(&str, &str) -> String,
    /// The name and the part of a key.
    name: fn(&str) -> Option<(&str, &str)>,
}

const CUSTOMIZATIONS: &str = "resource.customizations.";
const ACCOUNTS: &str = "accounts.";

/// The first that knows a key has it.
const FAMILIES: [Family; 9] = [
    Family {
        map: SETTINGS,
        field: "@customizations",
        parts: true,
        key: |name, part| format!("{CUSTOMIZATIONS}{part}.{name}"),
        name: |key| {
            let (part, name) = key.strip_prefix(CUSTOMIZATIONS)?.split_once('.')?;
            Some((name, part))
        },
    },
    Family {
        map: SETTINGS,
        field: "@accounts",
        parts: true,
        key: |name, part| match part {
            "enabled" => format!("{ACCOUNTS}{name}.enabled"),
            _ => format!("{ACCOUNTS}{name}"),
        },
        name: |key| {
            let rest = key.strip_prefix(ACCOUNTS)?;
            Some(match rest.strip_suffix(".enabled") {
                Some(name) => (name, "enabled"),
                None => (rest, "capabilities"),
            })
        },
    },
    Family {
        map: SETTINGS,
        field: "@settings",
        parts: false,
        key: |name, _| name.to_owned(),
        name: |key| Some((key, "")),
    },
    Family {
        map: RBAC,
        field: "@policies",
        parts: false,
        key: |name, _| format!("policy.{name}.csv"),
        name: |key| Some((key.strip_prefix("policy.")?.strip_suffix(".csv")?, "")),
    },
    Family {
        map: NOTIFICATIONS,
        field: "@services",
        parts: false,
        key: |name, _| format!("service.{name}"),
        name: |key| Some((key.strip_prefix("service.")?, "")),
    },
    Family {
        map: NOTIFICATIONS,
        field: "@templates",
        parts: false,
        key: |name, _| format!("template.{name}"),
        name: |key| Some((key.strip_prefix("template.")?, "")),
    },
    Family {
        map: NOTIFICATIONS,
        field: "@triggers",
        parts: true,
        key: |name, _| format!("trigger.{name}"),
        name: |key| Some((key.strip_prefix("trigger.")?, "conditions")),
    },
    Family {
        map: NOTIFICATIONS,
        field: "@default_triggers",
        parts: false,
        key: |name, _| format!("defaultTriggers.{name}"),
        name: |key| Some((key.strip_prefix("defaultTriggers.")?, "")),
    },
    Family {
        map: PARAMS,
        field: "@params",
        parts: false,
        key: |name, _| name.to_owned(),
        name: |key| Some((key, "")),
    },
];

/// Keys whose lists are texts with commas; all other lists are YAML.
const WITH_COMMAS: [&str; 5] = [
    "resource.customLabels",
    "resource.includeEventLabelKeys",
    "resource.excludeEventLabelKeys",
    "resource.sensitive.mask.annotations",
    "helm.valuesFileSchemes",
];

fn has_commas(key: &str) -> bool {
    WITH_COMMAS.contains(&key) || key.starts_with(ACCOUNTS)
}

/// The keys that the values set.
///
/// # Errors
/// When a value is unknown.
pub(super) fn render(values: &Value) -> Result<Data> {
    let rendered = api::render(&ATTRIBUTES, "", values)?;
    let mut data = Data::new();
    for map in MAPS {
        let mut keys = BTreeMap::new();
        for (field, value) in rendered[map].as_object().into_iter().flatten() {
            match FAMILIES.iter().find(|family| family.map == map && family.field == field) {
                Some(family) => family.write(value, &mut keys),
                None => put(field.clone(), value, &mut keys),
            }
        }
        if !keys.is_empty() {
            data.insert(map, keys);
        }
    }
    Ok(data)
}

impl Family {
    fn write(&self, value: &Json, keys: &mut BTreeMap<String, String>) {
        for (name, value) in value.as_object().into_iter().flatten() {
            if !self.parts {
                put((self.key)(name, ""), value, keys);
                continue;
            }
            for (part, value) in value.as_object().into_iter().flatten() {
                put((self.key)(name, part), value, keys);
            }
        }
    }
}

fn put(key: String, value: &Json, keys: &mut BTreeMap<String, String>) {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Array(elements) if has_commas(&key) => {
            elements.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(",")
        }
        // JSON is YAML, of which there is only one way to write it.
        other => other.to_string(),
    };
    keys.insert(key, text);
}

/// Live maps as the attributes see them: each key where its attribute looks.
pub(super) fn view(live: &BTreeMap<&'static str, Json>) -> Json {
    let mut seen = json!({});
    for (map, object) in live.iter().filter(|(map, _)| MAPS.contains(map)) {
        // A map that is there and has no keys is another thing than none.
        seen[*map] = json!({});
        for (key, text) in object["data"].as_object().into_iter().flatten() {
            let Some(text) = text.as_str() else { continue };
            let Some((steps, kind)) = place(map, key) else { continue };
            let at = steps.iter().fold(&mut seen[*map], |at, step| &mut at[*step]);
            *at = typed(kind, key, text);
        }
    }
    seen
}

/// Where the attribute of a key looks for it, and what it holds.
fn place<'k>(map: &str, key: &'k str) -> Option<(Vec<&'k str>, &'static Kind)> {
    if let Some(simple) = LAYOUT.iter().find(|place| place.map == map && place.field == key) {
        return Some((vec![key], &simple.kind));
    }
    let families = FAMILIES.iter().filter(|family| family.map == map);
    families.into_iter().find_map(|family| {
        let (name, part) = (family.name)(key)?;
        let kind = &LAYOUT.iter().find(|at| at.field == family.field && at.part == part)?.kind;
        let steps =
            if family.parts { vec![family.field, name, part] } else { vec![family.field, name] };
        Some((steps, kind))
    })
}

/// The attribute that a key of `argocd-cm` has, if it has one of its own.
pub(super) fn attribute_of(key: &str) -> Option<String> {
    if let Some(simple) = LAYOUT.iter().find(|at| at.map == SETTINGS && at.field == key) {
        return Some(simple.path.to_string());
    }
    let family = FAMILIES.iter().find(|family| {
        let known =
            |part: &str| LAYOUT.iter().any(|at| at.field == family.field && at.part == part);
        family.map == SETTINGS
            && family.parts
            && (family.name)(key).is_some_and(|(_, part)| known(part))
    })?;
    let (name, part) = (family.name)(key)?;
    let place = LAYOUT.iter().find(|at| at.field == family.field && at.part == part)?;
    let [step, rest @ ..] = place.path.steps() else { return None };
    let path: Path = std::iter::once(step.clone()).collect();
    let path = rest.iter().fold(path.key(name), |path, step| path.join(step.clone()));
    Some(path.to_string())
}

/// A key, or a part of a family.
struct Place {
    map: &'static str,
    field: &'static str,
    /// The field within an element of a family; else empty.
    part: &'static str,
    kind: Kind,
    /// The attribute, without the name within a family.
    path: Path,
}

static LAYOUT: LazyLock<Vec<Place>> = LazyLock::new(|| {
    let mut places = Vec::new();
    for attr in ATTRIBUTES.iter() {
        let Some(at) = attr.api.field else { continue };
        let path = Path::attribute(attr.name);
        match (at[1..].split_once('/'), &attr.kind) {
            (Some((map, field)), _) => element(map, field, &path, attr, &mut places),
            // A group of keys.
            (None, Kind::Nested(Nesting::Single, inner)) => {
                for attr in inner {
                    let Some(field) = attr.api.field else { continue };
                    element(&at[1..], field, &path.field(attr.name), attr, &mut places);
                }
            }
            _ => {}
        }
    }
    places
});

fn element(
    map: &'static str,
    field: &'static str,
    path: &Path,
    attr: &Attribute,
    places: &mut Vec<Place>,
) {
    let mut add = |part, kind, path| places.push(Place { map, field, part, kind, path });
    match &attr.kind {
        Kind::Nested(Nesting::Map, inner) => {
            for attr in inner {
                let part = attr.api.field.unwrap_or_default();
                add(part, attr.kind.clone(), path.field(attr.name));
            }
        }
        Kind::Plain(Type::Map(ty)) if field.starts_with('@') => {
            add("", Kind::Plain((**ty).clone()), path.clone());
        }
        kind => add("", kind.clone(), path.clone()),
    }
}

/// A text as Argo CD reads it; what cannot be read is a text still, which no
/// attribute of another type shows.
fn typed(kind: &Kind, key: &str, text: &str) -> Json {
    match kind {
        Kind::Plain(Type::String) => text.into(),
        Kind::Plain(Type::Bool) => (text == "true").into(),
        Kind::Plain(Type::List(_)) if has_commas(key) => {
            let elements = text.split(',').map(str::trim).filter(|element| !element.is_empty());
            elements.collect::<Vec<_>>().into()
        }
        _ => yaml::document(text).unwrap_or_else(|_| text.into()),
    }
}

/// Takes out of what an import shows the objects in which nothing is.
pub(super) fn without_empty(attributes: &[Attribute], seen: &mut Value) {
    for attr in attributes {
        let Kind::Nested(Nesting::Single, inner) = &attr.kind else { continue };
        let mut value = seen.get(attr.name).clone();
        let Some(_) = value.as_object() else { continue };
        without_empty(inner, &mut value);
        let empty = value.as_object().is_some_and(|fields| fields.values().all(Value::is_null));
        seen.set(attr.name, if empty { Value::Null } else { value });
    }
}

/// The label by which Argo CD finds its `ConfigMaps` and Secrets.
pub(super) const PART_OF: [&str; 2] = ["app.kubernetes.io/part-of", "argocd"];

/// What is applied of an object, beside its name.
pub(super) fn object(fields: Map<String, Json>) -> Json {
    let mut object = Json::Object(fields);
    object["metadata"]["labels"] = json!({ PART_OF[0]: PART_OF[1] });
    object
}
