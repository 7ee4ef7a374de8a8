//! A model beside a schema, that of a definition or a JSON schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value as Json;
use terraform_provider_gitops::framework::json;
use terraform_provider_gitops::framework::schema::{
    Attribute, Check, Form, Kind, Nesting, Presence,
};
use terraform_provider_gitops::framework::ty::Type;

/// Something in which a model and its schema differ.
#[derive(Debug)]
pub(super) struct Difference {
    /// The field, by its names in the API: `Stage.requestedFreight[].origin.kind`.
    pub(super) at: String,
    /// In what.
    pub(super) what: What,
    detail: String,
}

/// In what a model and its schema differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A field without an attribute.
    NoAttribute,
    /// An attribute without a field.
    NoField,
    Type,
    /// Whether it has to be set.
    Required,
    /// The values that are possible.
    Enum,
    Default,
    /// A pattern, a length or a format of text that nothing checks.
    Check,
    /// The number of elements.
    Length,
    /// The least and the most of a number.
    Range,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}: {}", self.at, self.what, self.detail)
    }
}

/// Attributes by the first name of their field, each with the names that follow.
type ByField<'a> = BTreeMap<&'a str, Vec<(Vec<&'a str>, &'a Attribute)>>;

/// Compares the fields of an object with attributes, and all that is inside.
pub(super) fn compare(
    schema: &Json,
    attributes: &[Attribute],
    at: &str,
    found: &mut Vec<Difference>,
) {
    let fields = attributes
        .iter()
        .filter_map(|attr| Some((attr.api.field?, attr)))
        // Metadata has a schema of its own.
        .filter(|(field, _)| !field.starts_with('/'))
        .map(|(field, attr)| (field.split('/').collect(), attr))
        .collect();
    compare_fields(schema, fields, at, found);
}

fn compare_fields(
    schema: &Json,
    fields: Vec<(Vec<&str>, &Attribute)>,
    at: &str,
    found: &mut Vec<Difference>,
) {
    let mut attributes = ByField::new();
    for (mut names, attr) in fields {
        let first = names.remove(0);
        attributes.entry(first).or_default().push((names, attr));
    }
    let nothing = serde_json::Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&nothing);
    let names: BTreeSet<&str> =
        properties.keys().map(String::as_str).chain(attributes.keys().copied()).collect();
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
    for name in names {
        let at = format!("{at}.{name}");
        let mut differs = |what, detail: String| {
            found.push(Difference { at: at.clone(), what, detail });
        };
        match (properties.get(name), attributes.remove(name)) {
            (Some(_), None) => differs(What::NoAttribute, "a field without an attribute".into()),
            (None, _) => differs(What::NoField, "an attribute without a field".into()),
            (Some(field), Some(mut attrs)) => match &attrs[..] {
                [(rest, attr)] if rest.is_empty() => {
                    let required = required.iter().any(|required| *required == name);
                    if required != (attr.presence == Presence::Required) {
                        differs(What::Required, format!("required in the schema: {required}"));
                    }
                    compare_field(field, attr, &at, found);
                }
                _ => compare_fields(field, std::mem::take(&mut attrs), &at, found),
            },
        }
    }
}

fn compare_field(field: &Json, attr: &Attribute, at: &str, found: &mut Vec<Difference>) {
    let mut differs = |what, detail: String| {
        found.push(Difference { at: at.to_owned(), what, detail });
    };
    // What is inside is compared only where both have something inside.
    let mut inside = None;
    match (&attr.kind, &field["items"]) {
        (Kind::Plain(ty), _) => {
            let wanted = type_of(field, attr.api.form);
            if wanted.as_ref() != Some(ty) {
                differs(What::Type, format!("{ty:?} for {}", outline(field)));
            }
        }
        (Kind::Nested(Nesting::Single, inner), _) if field["properties"].is_object() => {
            inside = Some((field, inner, at.to_owned()));
        }
        (Kind::Nested(Nesting::List, inner), items) if items["properties"].is_object() => {
            inside = Some((items, inner, format!("{at}[]")));
        }
        (Kind::Nested(nesting, _), _) => {
            differs(What::Type, format!("{nesting:?} of objects for {}", outline(field)));
        }
    }

    let text = if field["type"] == "array" { &field["items"] } else { field };
    let possible = |values: &Json| -> Option<BTreeSet<String>> {
        Some(values.as_array()?.iter().filter_map(|v| v.as_str().map(Into::into)).collect())
    };
    let wanted = possible(&text["enum"]);
    let checked = attr.checks.iter().find_map(|check| match check {
        Check::OneOf(values) => Some(values.iter().map(ToString::to_string).collect()),
        _ => None,
    });
    if wanted != checked {
        differs(What::Enum, format!("{checked:?} for {wanted:?}"));
    }
    let is_checked = attr.checks.iter().any(|check| matches!(check, Check::Text(_)));
    for rule in ["pattern", "minLength", "maxLength"] {
        if text.get(rule).is_some() && !is_checked {
            differs(What::Check, format!("nothing checks {rule} {}", text[rule]));
            break;
        }
    }
    if text["format"] == "date-time" && !is_checked {
        differs(What::Check, "nothing checks that it is a time".into());
    }

    let default = attr.default.as_ref().map(|value| json::from_value(value).expect("known"));
    if field.get("default") != default.as_ref() {
        differs(What::Default, format!("{default:?} for {:?}", field.get("default")));
    }
    let bounds = |least: &str, most: &str| (field[least].as_i64(), field[most].as_i64());
    let length = attr.checks.iter().find_map(|check| match check {
        Check::Length(least, most) => {
            Some((i64::try_from(*least).ok().filter(|n| *n > 0), i64::try_from(*most).ok()))
        }
        _ => None,
    });
    if bounds("minItems", "maxItems") != length.unwrap_or_default() {
        differs(What::Length, format!("{length:?} for {:?}", bounds("minItems", "maxItems")));
    }
    // The first range of a number only says that it is whole.
    let range = attr.checks.iter().rev().find_map(|check| match check {
        Check::Range(least, most) => {
            Some((Some(*least).filter(|n| *n != i64::MIN), Some(*most).filter(|n| *n != i64::MAX)))
        }
        _ => None,
    });
    if bounds("minimum", "maximum") != range.unwrap_or_default() {
        differs(What::Range, format!("{range:?} for {:?}", bounds("minimum", "maximum")));
    }

    if let Some((schema, inner, at)) = inside {
        compare(schema, inner, &at, found);
    }
}

/// The type of an attribute of that form for a field.
fn type_of(field: &Json, form: Form) -> Option<Type> {
    let open = field["x-kubernetes-preserve-unknown-fields"] == true;
    let either = field["x-kubernetes-int-or-string"] == true;
    match form {
        Form::JsonText => open.then_some(Type::String),
        Form::IntOrString => either.then_some(Type::String),
        Form::Custom { .. } => None,
        Form::Plain if open || either => None,
        Form::Plain => Some(match field["type"].as_str()? {
            "string" => Type::String,
            "boolean" => Type::Bool,
            "integer" => Type::Number,
            "array" => type_of(&field["items"], Form::Plain)?.list(),
            "object" => type_of(field.get("additionalProperties")?, Form::Plain)?.map(),
            _ => return None,
        }),
    }
}

/// What a schema says, without the texts.
fn outline(field: &Json) -> String {
    let mut field = field.clone();
    if let Json::Object(field) = &mut field {
        field.retain(|key, _| key != "description");
    }
    let mut text = field.to_string();
    if let Some((at, _)) = text.char_indices().nth(200) {
        text.truncate(at);
        text.push('…');
    }
    text
}
