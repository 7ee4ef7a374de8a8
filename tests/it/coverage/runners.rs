//! What steps take, beside Kargo's own schemas of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use terraform_provider_gitops::resources::kargo::rules::config::{Shape, Takes};
use terraform_provider_gitops::resources::kargo::rules::runners::RUNNERS;

use super::definitions::Definitions;

/// The schemas, which refer to one another by the names of their files.
struct Schemas(BTreeMap<String, Json>);

impl Schemas {
    /// A schema with what it refers to in its place, and the file that it is in.
    fn resolve<'a>(&'a self, schema: &'a Json, file: &'a str) -> (Json, String) {
        let Some(reference) = schema["$ref"].as_str() else {
            return (schema.clone(), file.to_owned());
        };
        let (other, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let other = other.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(file);
        let found = self.0[other].pointer(pointer).expect("what is referred to");
        let (mut found, file) = self.resolve(found, other);
        for (key, value) in schema.as_object().expect("a schema") {
            if key != "$ref" {
                found[key] = value.clone();
            }
        }
        (found, file)
    }

    /// What differs between a schema and what is taken.
    fn compare(&self, schema: &Json, file: &str, takes: &Takes, at: &str, found: &mut Vec<String>) {
        let (schema, file) = self.resolve(schema, file);
        let mut differs = |what: String| found.push(format!("{at}: {what}"));
        let wanted = match takes {
            Takes::Text | Takes::Filled | Takes::Fits(_) | Takes::OneOf(_) => json!("string"),
            Takes::Bool => json!("boolean"),
            Takes::Count(_) => json!("integer"),
            Takes::Texts | Takes::Anything | Takes::Object(_) => json!("object"),
            Takes::Whatever => Json::Null,
            Takes::List(..) => json!("array"),
        };
        if schema["type"] != wanted {
            differs(format!("{takes:?} for {}", schema["type"]));
        }
        let has_rule = !schema["pattern"].is_null() || !schema["format"].is_null();
        match takes {
            Takes::Text if schema["minLength"] == 1 => differs("may be empty".into()),
            Takes::Filled if schema["minLength"] != 1 => differs("must not be empty".into()),
            Takes::Text | Takes::Filled if has_rule || !schema["enum"].is_null() => {
                differs(format!("nothing checks {} {}", schema["pattern"], schema["format"]));
            }
            Takes::Fits(_) if !has_rule => differs("a rule that the schema has not".into()),
            Takes::OneOf(allowed) => {
                // A pattern of alternatives is the same in other words.
                let pattern = format!("^({})$", allowed.join("|"));
                let same = schema["enum"] == json!(allowed) || schema["pattern"] == pattern;
                if !same {
                    differs(format!("{allowed:?} for {} {}", schema["enum"], schema["pattern"]));
                }
            }
            Takes::Count(least) if schema["minimum"] != *least => {
                differs(format!("at least {least}"));
            }
            Takes::Texts if schema["additionalProperties"]["type"] != "string" => {
                differs("an object of texts".into());
            }
            Takes::Anything if schema["minProperties"] != 1 || !schema["properties"].is_null() => {
                differs("an object of anything".into());
            }
            Takes::Object(shape) => self.compare_shape(&schema, &file, shape, at, found),
            Takes::List(least, of) => {
                if schema["minItems"].as_u64().unwrap_or_default() != *least as u64 {
                    differs(format!("at least {least}"));
                }
                self.compare(&schema["items"], &file, of, &format!("{at}[]"), found);
            }
            _ => {}
        }
    }

    fn compare_shape(
        &self,
        schema: &Json,
        file: &str,
        shape: &Shape,
        at: &str,
        found: &mut Vec<String>,
    ) {
        // Kargo takes any key of this step, and knows no others.
        if schema["additionalProperties"] != false && at != "git-tag" {
            found.push(format!("{at}: takes other keys"));
        }
        let across = ["oneOf", "anyOf"].iter().any(|rule| !schema[rule].is_null());
        if across == shape.rules.is_empty() {
            found.push(format!("{at}: rules across its keys: {across}"));
        }
        let nothing = serde_json::Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&nothing);
        let keys: BTreeSet<_> = shape.keys.iter().map(|key| key.name).collect();
        assert_eq!(keys.len(), shape.keys.len(), "{at} has a key twice");
        let expected: BTreeSet<_> = properties.keys().map(String::as_str).collect();
        if keys != expected {
            found.push(format!("{at}: {keys:?} for {expected:?}"));
        }
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
        for key in shape.keys {
            let at = format!("{at}.{}", key.name);
            if required.iter().any(|name| *name == key.name) != key.required {
                found.push(format!("{at}: required: {}", key.required));
            }
            self.compare(&schema["properties"][key.name], file, &key.takes, &at, found);
        }
    }
}

#[test]
fn what_a_step_takes_is_what_kargo_s_schemas_say() {
    let schemas = Schemas(Definitions::find().runners());
    let names: BTreeSet<_> =
        schemas.0.keys().filter_map(|name| name.strip_suffix("-config.json")).collect();
    let known: BTreeSet<_> = RUNNERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known);
    let mut found = Vec::new();
    for (name, takes) in &RUNNERS {
        let file = format!("{name}-config.json");
        schemas.compare(&schemas.0[&file], &file, takes, name, &mut found);
    }
    assert_eq!(found, [""; 0], "{}", found.join("\n"));
}

/// A comparison that sees nothing would pass as well.
#[test]
fn the_comparison_of_steps_sees_what_differs() {
    let file = "x.json".to_owned();
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["a"],
        "properties": {"a": {"type": "string", "minLength": 1}, "b": {"$ref": "#/definitions/b"}},
        "definitions": {"b": {"type": "boolean"}},
    });
    let schemas = Schemas(BTreeMap::from([(file.clone(), schema)]));
    let (_, takes) = RUNNERS.iter().find(|(name, _)| *name == "git-clear").expect("a step");
    let mut found = Vec::new();
    schemas.compare(&schemas.0[&file], &file, takes, "x", &mut found);
    assert_eq!(
        found,
        [
            "x: {\"path\"} for {\"a\", \"b\"}",
            "x.path: required: true",
            "x.path: Filled for null",
            "x.path: must not be empty"
        ]
    );
}
