//! What of a free-form document does not fit a model.

use serde_json::Value as Json;

use crate::framework::schema::{Attribute, Form, Kind, Nesting, Presence};
use crate::framework::ty::Type;

/// What of a document does not fit attributes, by the names that the API has for them: unknown
/// fields, values of other types, and what is required and is not there. Empty when it fits.
///
/// For documents that are written as JSON because a model of their own would be too much: an API
/// with `fieldValidation` refuses them at the apply, this at the plan.
pub fn misfits(attributes: &[Attribute], document: &Json) -> Vec<String> {
    let mut found = Vec::new();
    object(attributes, document, "", &mut found);
    found
}

fn object(attributes: &[Attribute], document: &Json, at: &str, found: &mut Vec<String>) {
    let Json::Object(fields) = document else {
        found.push(format!("{} is no object", place(at)));
        return;
    };
    let known = |name: &str| attributes.iter().find(|attr| attr.api.field == Some(name));
    for (name, json) in fields {
        match known(name) {
            Some(_) if json.is_null() => {}
            Some(attr) => field(attr, json, &inside(at, name), found),
            None => found.push(format!("there is no field {}", inside(at, name))),
        }
    }
    for attr in attributes.iter().filter(|attr| attr.presence == Presence::Required) {
        let Some(name) = attr.api.field else { continue };
        if fields.get(name).is_none_or(Json::is_null) {
            found.push(format!("{} is missing", inside(at, name)));
        }
    }
}

fn field(attr: &Attribute, json: &Json, at: &str, found: &mut Vec<String>) {
    match (&attr.kind, attr.api.form, json) {
        (Kind::Nested(Nesting::Single, inner), _, json) => object(inner, json, at, found),
        (Kind::Nested(Nesting::Map, inner), _, Json::Object(elements)) => {
            for (key, element) in elements {
                object(inner, element, &inside(at, key), found);
            }
        }
        (Kind::Nested(Nesting::List | Nesting::Set, inner), _, Json::Array(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                object(inner, element, &format!("{at}[{index}]"), found);
            }
        }
        (Kind::Nested(Nesting::Map, _), ..) => found.push(format!("{at} is no object")),
        (Kind::Nested(..), ..) => found.push(format!("{at} is no list")),
        // What has no schema may be anything.
        (Kind::Plain(_), Form::JsonText | Form::Custom { .. }, _)
        | (Kind::Plain(_), Form::IntOrString, Json::String(_) | Json::Number(_)) => {}
        (Kind::Plain(ty), _, json) => plain(ty, json, at, found),
    }
}

fn plain(ty: &Type, json: &Json, at: &str, found: &mut Vec<String>) {
    match (ty, json) {
        (Type::List(ty) | Type::Set(ty), Json::Array(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                plain(ty, element, &format!("{at}[{index}]"), found);
            }
        }
        (Type::Map(ty), Json::Object(elements)) => {
            for (key, element) in elements {
                plain(ty, element, &inside(at, key), found);
            }
        }
        (Type::String, Json::String(_))
        | (Type::Bool, Json::Bool(_))
        | (Type::Number, Json::Number(_))
        | (Type::Dynamic, _) => {}
        (ty, _) => {
            let wanted = match ty {
                Type::String => "text",
                Type::Bool => "true or false",
                Type::Number => "a number",
                Type::List(_) | Type::Set(_) => "a list",
                _ => "an object",
            };
            found.push(format!("{at} is not {wanted}"));
        }
    }
}

fn inside(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

fn place(at: &str) -> &str {
    if at.is_empty() { "the document" } else { at }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn attribute(name: &'static str, kind: Kind) -> Attribute {
        let mut attribute = Attribute::new(name, "", kind);
        attribute.api.field = Some(name);
        attribute
    }

    fn attributes() -> Vec<Attribute> {
        let mut required = attribute("name", Kind::Plain(Type::String));
        required.presence = Presence::Required;
        let mut open = attribute("open", Kind::Plain(Type::String));
        open.api.form = Form::JsonText;
        let mut either = attribute("either", Kind::Plain(Type::String));
        either.api.form = Form::IntOrString;
        let element = vec![required.clone(), attribute("on", Kind::Plain(Type::Bool))];
        vec![
            required,
            open,
            either,
            attribute("labels", Kind::Plain(Type::String.map())),
            attribute("texts", Kind::Plain(Type::String.list())),
            attribute("list", Kind::Nested(Nesting::List, element.clone())),
            attribute("one", Kind::Nested(Nesting::Single, element)),
        ]
    }

    #[test]
    fn a_document_of_the_model_fits() {
        let document = json!({
            "name": "a", "open": [1, {"any": null}], "either": 3, "labels": {"a": "b"},
            "texts": ["a"], "list": [{"name": "b", "on": true}], "one": null,
        });
        assert_eq!(misfits(&attributes(), &document), [""; 0]);
    }

    #[test]
    fn every_misfit_is_said_with_its_place() {
        let document = json!({
            "other": 1, "either": true, "labels": {"a": 1}, "texts": "a",
            "list": [{"name": "b"}, {"on": "yes", "off": 1}], "one": [],
        });
        assert_eq!(
            misfits(&attributes(), &document),
            [
                "either is not text",
                "labels.a is not text",
                "there is no field list[1].off",
                "list[1].on is not true or false",
                "list[1].name is missing",
                "one is no object",
                "there is no field other",
                "texts is not a list",
                "name is missing",
            ]
        );
        assert_eq!(misfits(&attributes(), &json!(1)), ["the document is no object"]);
    }
}
