//! The fields of an object that came as a value of any type.

use crate::framework::checks::Findings;
use crate::framework::{Attr, Object, Path, Value};

/// An object whose fields are looked at one by one.
pub(super) struct Fields<'a> {
    pub(super) object: &'a Object,
    pub(super) path: Path,
}

impl<'a> Fields<'a> {
    /// A field without the type that it may bring along; null where it is missing.
    pub(super) fn get(&self, name: &str) -> &'a Value {
        static NULL: Value = Value::Null;
        self.object.get(name).map_or(&NULL, plain)
    }

    /// A field that is a text. One that is not is reported, and then taken for
    /// unknown.
    pub(super) fn text(&self, name: &str, findings: &mut Findings) -> Attr<&'a str> {
        match self.get(name) {
            Value::Null => Attr::Null,
            Value::Unknown => Attr::Unknown,
            Value::String(text) => Attr::Known(text),
            _ => {
                findings.error(self.path.field(name), "it must be a text; put it in quotes");
                Attr::Unknown
            }
        }
    }

    /// Reports fields that the API does not have; it answers those with an
    /// error that does not say where they are.
    pub(super) fn only(&self, known: &[&str], findings: &mut Findings) {
        for name in self.object.keys().filter(|name| !known.contains(&name.as_str())) {
            let plain = |name: &str| name.replace('_', "").to_lowercase();
            let hint = match known.iter().find(|known| plain(known) == plain(name)) {
                Some(meant) => format!("it is spelled {meant:?}"),
                None => format!("the fields here are {}", known.join(", ")),
            };
            findings.error(self.path.field(name), format!("{name:?} is not a field: {hint}"));
        }
    }
}

/// The value itself, without the type that it may bring along.
pub(super) fn plain(value: &Value) -> &Value {
    match value {
        Value::Dynamic(dynamic) => plain(&dynamic.value),
        other => other,
    }
}

/// The objects of a list, unknown ones left out; what is something else is
/// reported as not being `what`.
pub(super) fn objects<'a>(
    value: &'a Value,
    what: &str,
    path: &Path,
    findings: &mut Findings,
) -> Vec<Fields<'a>> {
    let elements = match plain(value) {
        Value::Null | Value::Unknown => return Vec::new(),
        Value::List(elements) => elements,
        _ => {
            findings.error(path.clone(), format!("it must be a list, each element {what}"));
            return Vec::new();
        }
    };
    let mut objects = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        let path = path.index(index);
        match plain(element) {
            Value::Unknown => {}
            Value::Object(object) => objects.push(Fields { object, path }),
            _ => findings.error(path, format!("it must be {what}")),
        }
    }
    objects
}
