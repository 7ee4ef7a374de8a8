//! Rules of kro that can be seen in a definition alone.
//!
//! Source: kro 0.9's `pkg/graph/validation.go`, `pkg/graph/parser` and `pkg/simpleschema`, by what
//! they accept.

use serde_json::Value as Json;

use crate::framework::checks::Findings;
use crate::framework::{Path, Value};

/// Words that mean something to CEL or to kro.
const RESERVED: [&str; 53] = [
    "apiVersion",
    "as",
    "break",
    "const",
    "context",
    "continue",
    "dependencies",
    "dependency",
    "each",
    "else",
    "externalRef",
    "externalReference",
    "externalReferences",
    "externalRefs",
    "false",
    "for",
    "function",
    "graph",
    "if",
    "import",
    "in",
    "instance",
    "item",
    "items",
    "kind",
    "kro",
    "let",
    "loop",
    "metadata",
    "namespace",
    "null",
    "object",
    "package",
    "resource",
    "resourceGraphDefinition",
    "resourcegraphdefinition",
    "resources",
    "return",
    "root",
    "runtime",
    "schema",
    "self",
    "serviceAccountName",
    "spec",
    "status",
    "this",
    "true",
    "var",
    "variables",
    "vars",
    "version",
    "void",
    "while",
];
/// Types of `SimpleSchema`.
const TYPES: [&str; 5] = ["boolean", "float", "integer", "object", "string"];
/// Markers of `SimpleSchema`.
const MARKERS: [&str; 16] = [
    "default",
    "description",
    "enum",
    "immutable",
    "listMapKey",
    "listType",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "required",
    "uniqueItems",
    "validation",
];
/// Markers that are true or false.
const FLAGS: [&str; 3] = ["immutable", "required", "uniqueItems"];
/// Markers that are whole numbers of at least 0.
const COUNTS: [&str; 4] = ["maxItems", "maxLength", "minItems", "minLength"];

/// The rule that a text breaks.
type Rule = Result<(), String>;

/// The name of a resource or of a variable in expressions.
pub fn identifier(text: &str) -> Rule {
    let first = text.starts_with(|c: char| c.is_ascii_lowercase());
    if !first || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(format!(
            "{text:?} is no name for expressions: letters and digits, beginning with a small letter"
        ));
    }
    if RESERVED.contains(&text) {
        return Err(format!("{text:?} is a word of kro or of CEL"));
    }
    Ok(())
}

/// The expressions in a text, each with the bytes that it is at, braces included.
///
/// # Errors
/// When one has no end.
pub fn expressions(text: &str) -> Result<Vec<std::ops::Range<usize>>, String> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find("${")) {
        let start = from + start;
        let (mut depth, mut at, mut quoted) = (1, start + 2, false);
        while depth > 0 {
            let Some(byte) = bytes.get(at) else {
                return Err(format!("the expression {:?} has no end", shortened(&text[start..])));
            };
            match byte {
                b'\\' if quoted => at += 1,
                b'"' => quoted = !quoted,
                b'{' if !quoted => depth += 1,
                b'}' if !quoted => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        if text[start + 2..at - 1].trim().is_empty() {
            return Err("an expression is empty".to_owned());
        }
        found.push(start..at);
        from = at;
    }
    Ok(found)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A text that is one expression and nothing else.
pub fn standalone(text: &str) -> Rule {
    let found = expressions(text)?;
    if matches!(&found[..], [one] if *one == (0..text.len())) {
        return Ok(());
    }
    Err(format!(
        "{text:?} is not one expression and nothing else (written as \"$${{...}}\" in a Terraform \
         string)"
    ))
}

/// Checks a template: an object of the API, with expressions in it.
pub fn template(template: &Json, at: &Path, found: &mut Findings) {
    let Json::Object(object) = template else {
        found.error(at.clone(), "it is no object");
        return;
    };
    for name in ["apiVersion", "kind"] {
        match object.get(name) {
            Some(Json::String(_)) => {}
            Some(_) => found.error(at.clone(), format!("its {name} is no text")),
            None => found.error(at.clone(), format!("it has no {name}")),
        }
    }
    match object.get("metadata") {
        Some(Json::Object(_)) => {}
        Some(_) => found.error(at.clone(), "its metadata is no object"),
        None => found.error(at.clone(), "it has no metadata"),
    }
    within(template, "", at, found);
}

/// Checks the expressions in every text of a document.
fn within(json: &Json, place: &str, at: &Path, found: &mut Findings) {
    match json {
        Json::String(text) => {
            if let Err(rule) = expressions(text) {
                found.error(at.clone(), format!("in {}, {rule}", place.trim_start_matches('.')));
            }
        }
        Json::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                within(element, &format!("{place}[{index}]"), at, found);
            }
        }
        Json::Object(fields) => {
            for (name, value) in fields {
                within(value, &format!("{place}.{name}"), at, found);
            }
        }
        _ => {}
    }
}

/// Checks fields in `SimpleSchema`; unknown parts pass. `types` are the types that they may name.
pub fn fields(fields: &Value, types: &Value, at: &Path, found: &mut Findings) {
    match fields {
        Value::Dynamic(dynamic) => self::fields(&dynamic.value, types, at, found),
        Value::Object(inner) => {
            for (name, field) in inner {
                self::fields(field, types, &at.field(name), found);
            }
        }
        Value::String(text) => field(text, types, at, found),
        Value::Null | Value::Unknown => {}
        _ => found.error(
            at.clone(),
            "a field is text in SimpleSchema, such as \"integer | default=1\", or an object of \
             fields",
        ),
    }
}

fn field(text: &str, types: &Value, at: &Path, found: &mut Findings) {
    if text.contains("${") {
        found.error(at.clone(), format!("{text:?} has an expression, which only status can have"));
        return;
    }
    let (ty, list) = text.split_once('|').map_or((text, None), |(ty, list)| (ty, Some(list)));
    if let Err(rule) = type_name(ty, types) {
        found.error(at.clone(), rule);
    }
    match list.map(markers) {
        None => {}
        Some(Err(rule)) => found.error(at.clone(), format!("in {text:?}, {rule}")),
        Some(Ok(markers)) => {
            for (name, value) in markers {
                marker(&name, &value, at, found);
            }
        }
    }
}

fn type_name(ty: &str, types: &Value) -> Rule {
    let ty = ty.trim();
    if let Some(element) = ty.strip_prefix("[]") {
        return type_name(element, types);
    }
    if let Some(rest) = ty.strip_prefix("map[") {
        return match rest.split_once(']') {
            Some(("string", value)) => type_name(value, types),
            Some((key, _)) => Err(format!("the keys of {ty:?} are texts, and not {key:?}")),
            None => Err(format!("{ty:?} is no type: \"]\" is missing")),
        };
    }
    let is_defined = match types {
        Value::Null => false,
        Value::Object(types) => types.contains_key(ty),
        // Not known yet, or wrong and told elsewhere.
        _ => true,
    };
    if TYPES.contains(&ty) || (is_defined && !ty.is_empty()) {
        return Ok(());
    }
    Err(format!(
        "{ty:?} is no type: one of {}, a list of them ([]string), a map (map[string]integer), or \
         one of schema.types",
        TYPES.join(", ")
    ))
}

/// The markers of a field, each with its value, without the quotes around it.
fn markers(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once('=') else {
            return Err(format!("the marker {:?} has no value", rest.trim()));
        };
        let (mut quoted, mut escaped, mut depth) = (false, false, 0_i32);
        let end = value.char_indices().find(|(_, c)| {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '{' | '[' if !quoted => depth += 1,
                '}' | ']' if !quoted => depth -= 1,
                c if c.is_whitespace() && !quoted && depth == 0 => return true,
                _ => {}
            }
            false
        });
        if end.is_none() && (quoted || depth != 0) {
            let what = if quoted { "a quote" } else { "a bracket" };
            return Err(format!("{what} of the marker {:?} is not closed", name.trim()));
        }
        let (value, after) = value.split_at(end.map_or(value.len(), |(end, _)| end));
        let unquoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        found.push((name.trim().to_owned(), unquoted.unwrap_or(value).to_owned()));
        rest = after.trim();
    }
    Ok(found)
}

fn marker(name: &str, value: &str, at: &Path, found: &mut Findings) {
    if !MARKERS.contains(&name) {
        // A kro that is newer than this list may know it.
        let known = MARKERS.join(", ");
        found.warn(at.clone(), format!("{name:?} is no marker of kro 0.9, whose are: {known}"));
    } else if FLAGS.contains(&name) && !matches!(value, "true" | "false") {
        found.error(at.clone(), format!("{name} is true or false, and not {value:?}"));
    } else if COUNTS.contains(&name) && value.parse::<u64>().is_err() {
        found.error(at.clone(), format!("{name} is a whole number, and not {value:?}"));
    } else if matches!(name, "minimum" | "maximum") && value.parse::<f64>().is_err() {
        found.error(at.clone(), format!("{name} is a number, and not {value:?}"));
    } else if name == "enum" && value.trim().is_empty() {
        found.error(at.clone(), "enum has no values");
    }
}

/// Checks the fields of a status: every text has an expression.
pub fn status(value: &Value, at: &Path, found: &mut Findings) {
    match value {
        Value::Dynamic(dynamic) => status(&dynamic.value, at, found),
        Value::Object(fields) => {
            for (name, field) in fields {
                status(field, &at.field(name), found);
            }
        }
        Value::List(elements) => {
            for (index, element) in elements.iter().enumerate() {
                status(element, &at.index(index), found);
            }
        }
        Value::String(text) => match expressions(text) {
            Err(rule) => found.error(at.clone(), rule),
            Ok(expressions) if expressions.is_empty() => found.error(
                at.clone(),
                format!(
                    "{text:?} has no expression, and a status is what expressions give (written \
                     as \"$${{...}}\" in a Terraform string)"
                ),
            ),
            Ok(_) => {}
        },
        Value::Null | Value::Unknown => {}
        _ => found.error(at.clone(), "it is neither text with an expression nor an object of them"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::framework::json::to_dynamic;

    #[test]
    fn names_are_for_expressions() {
        for good in ["a", "webService2", "x1"] {
            assert_eq!(identifier(good), Ok(()), "{good}");
        }
        for bad in ["", "A", "web-service", "1a", "a_b", "schema", "each", "true", "in"] {
            assert!(identifier(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn expressions_end_where_their_braces_do() {
        for (text, count) in [
            ("", 0),
            ("plain", 0),
            ("${a}", 1),
            ("${a}-${b}", 2),
            ("${ {\"a\": {}} }", 1),
            ("${\"}\" + \"\\\"}\"}", 1),
            ("é${a}é", 1),
        ] {
            assert_eq!(expressions(text).map(|found| found.len()), Ok(count), "{text}");
        }
        for bad in ["${", "${a", "a ${ {} ", "${\"}", "${}", "${ }"] {
            assert!(expressions(bad).is_err(), "{bad}");
        }
        assert_eq!(standalone("${a.b == {}}"), Ok(()));
        for bad in ["a", "${a} ", "${a}${b}", "${a"] {
            assert!(standalone(bad).is_err(), "{bad}");
        }
    }

    fn told(found: Findings) -> Vec<String> {
        found.into_iter().map(|found| format!("{}: {}", found.path, found.rule)).collect()
    }

    #[test]
    fn fields_are_in_simple_schema() {
        let look = |spec: &Json, types: &Json| {
            let mut found = Findings::default();
            let [spec, types] = [spec, types].map(|json| to_dynamic(json).value);
            fields(&spec, &types, &Path::attribute("spec"), &mut found);
            told(found)
        };
        let good = json!({
            "name": "string | required=true description=\"The name, or \\\"it\\\"\"",
            "replicas": "integer | default=1 minimum=1 maximum=10",
            "ratio": "float | minimum=0.5",
            "tags": "[]string | default=[\"a\", \"b\"] maxItems=3 uniqueItems=true",
            "labels": "map[string]string | default={}",
            "deep": "map[string][]Server",
            "nested": {"on": "boolean | default=false immutable=true", "any": "object"},
            "mode": "string | enum=\"a,b\" pattern=\"^[a|b]=$\"",
            "checked": "integer | validation=\"self > 0\"",
        });
        assert_eq!(look(&good, &json!({"Server": {"host": "string"}})), [""; 0]);
        for (field, says) in [
            (json!("strin"), "is no type"),
            (json!(""), "is no type"),
            (json!("[]"), "is no type"),
            (json!("map[integer]string"), "keys of"),
            (json!("map[string"), "is missing"),
            (json!("string | required"), "has no value"),
            (json!("string | description=\"a"), "a quote of the marker"),
            (json!("string | default=[1"), "a bracket of the marker"),
            (json!("string | required=yes"), "is true or false"),
            (json!("string | minLength=-1"), "is a whole number"),
            (json!("integer | minimum=a"), "is a number"),
            (json!("string | enum=\"\""), "enum has no values"),
            (json!("string | requierd=true"), "is no marker of kro"),
            (json!("${a}"), "only status can have"),
            (json!(1), "a field is text"),
        ] {
            let found = look(&json!({"x": field}), &Json::Null);
            assert_eq!(found.len(), 1, "{field}: {found:?}");
            assert!(found[0].starts_with("spec.x: ") && found[0].contains(says), "{found:?}");
        }
    }

    #[test]
    fn a_status_is_what_expressions_give() {
        let look = |value: &Json| {
            let mut found = Findings::default();
            status(&to_dynamic(value).value, &Path::attribute("status"), &mut found);
            told(found)
        };
        let good = json!({"a": "${b}", "c": {"d": "x-${e}"}, "conditions": [{"type": "${f}"}]});
        assert_eq!(look(&good), [""; 0]);
        for (value, path) in [
            (json!({"a": "b"}), "status.a"),
            (json!({"a": {"b": "${"}}), "status.a.b"),
            (json!({"a": 1}), "status.a"),
        ] {
            let found = look(&value);
            assert!(found.len() == 1 && found[0].starts_with(&format!("{path}: ")), "{found:?}");
        }
    }

    #[test]
    fn a_template_is_an_object_of_the_api() {
        let look = |value: &Json| {
            let mut found = Findings::default();
            template(value, &Path::attribute("template"), &mut found);
            told(found)
        };
        let mut good = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "${schema.metadata.name}"},
            "data": {"a": "x-${b}-${c}"},
        });
        assert_eq!(look(&good), [""; 0]);
        good["data"]["a"] = "${b".into();
        assert_eq!(look(&good), ["template: in data.a, the expression \"${b\" has no end"]);
        assert_eq!(look(&json!({"kind": 1})).len(), 3);
        assert_eq!(look(&json!("text")), ["template: it is no object"]);
    }
}
