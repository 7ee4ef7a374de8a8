//! The examples of every type, as configurations to start from.
//!
//! They are read without a CLI: literals as they are, `jsonencode(...)` carried
//! out, and whatever refers to something else as known only after apply.

use std::fs;
use std::path::Path;

use hcl::eval::{Context, Evaluate};
use hcl::{Expression, Structure};
use serde_json::{Map, Value as Json};
use terraform_provider_gitops::resources::registry;

use super::cases::{Type, World, outcome};
use crate::support::core::UNKNOWN;

/// What is in a file of a type's example.
fn read(type_name: &str, file: &str) -> hcl::Body {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/resources");
    let file = folder.join(type_name).join(file);
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    hcl::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The identity by which a type's example imports.
pub(super) fn identity_of(type_name: &str) -> Json {
    let mut imports = read(type_name, "import-by-identity.tf").into_blocks();
    let import = imports.next().unwrap_or_else(|| panic!("no example imports a {type_name}"));
    assert_eq!(import.identifier.as_str(), "import");
    let mut json = block_json(&import.body);
    json["identity"].take()
}

/// The resources of that type in its example, in the order of the file.
pub(super) fn of(type_name: &str) -> Vec<Json> {
    let resources = read(type_name, "resource.tf").into_blocks().filter(|block| {
        let is_of_type = block.labels.first().is_some_and(|label| label.as_str() == type_name);
        block.identifier.as_str() == "resource" && is_of_type
    });
    let resources: Vec<_> = resources.map(|block| block_json(&block.body)).collect();
    assert!(!resources.is_empty(), "the example of {type_name} has none");
    resources
}

fn block_json(body: &hcl::Body) -> Json {
    /// Arguments of core, which no provider sees.
    const META: [&str; 5] = ["count", "for_each", "depends_on", "provider", "lifecycle"];
    let mut json = Map::new();
    for structure in body {
        let (name, value) = match structure {
            Structure::Attribute(attr) => (attr.key.as_str(), expression_json(&attr.expr)),
            Structure::Block(block) => (block.identifier.as_str(), block_json(&block.body)),
        };
        if !META.contains(&name) {
            json.insert(name.to_owned(), value);
        }
    }
    json.into()
}

fn expression_json(expression: &Expression) -> Json {
    match expression {
        Expression::Array(elements) => elements.iter().map(expression_json).collect(),
        Expression::Object(fields) => fields
            .iter()
            .map(|(key, value)| {
                (key.to_string().trim_matches('"').to_owned(), expression_json(value))
            })
            .collect::<Map<_, _>>()
            .into(),
        Expression::Parenthesis(inner) => expression_json(inner),
        Expression::FuncCall(call) if call.name.name.as_str() == "jsonencode" => {
            let text = call.args.first().map(expression_json).unwrap_or_default().to_string();
            if text.contains(UNKNOWN) { UNKNOWN.into() } else { text.into() }
        }
        other => match other.evaluate(&Context::new()) {
            Ok(value) => serde_json::to_value(value).expect("values of HCL are JSON"),
            // It refers to something that only a CLI knows.
            Err(_) => UNKNOWN.into(),
        },
    }
}

#[test]
fn every_example_is_planned_without_a_word() {
    let world = World::new();
    for managed in registry().resources() {
        let ty = Type::new(&world.cores[0], managed);
        for (at, config) in ty.examples.iter().enumerate() {
            // Each is for the Argo CD of an EKS capability, for one's own, or for both.
            let plans = world.cores.each_ref().map(|core| {
                let plan = world.runtime.block_on(core.plan(&ty.name, None, config));
                outcome("plan", plan).unwrap_or_else(|error| panic!("{} {at}: {error}", ty.name))
            });
            let ([Ok(plan), _] | [_, Ok(plan)]) = &plans else {
                panic!("{} {at}: {plans:#?}", ty.name)
            };
            assert_eq!(plan.said, [], "{} {at}", ty.name);
        }
    }
}

#[test]
fn an_example_is_read_as_a_cli_reads_it() {
    let body = r#"
        text  = "$${{ as it is }}"
        doc   = jsonencode({ a = [1, true], "b/c" = null })
        ref   = other.thing.id
        both  = "x-${other.thing.id}"
        inner = [{ n = 1 }, {}]
        count = 2
        timeouts { create = "1m" }
    "#;
    let json = block_json(&hcl::parse(body).expect("it is HCL"));
    assert_eq!(
        json,
        serde_json::json!({
            "text": "${{ as it is }}",
            "doc": r#"{"a":[1,true],"b/c":null}"#,
            "ref": UNKNOWN,
            "both": UNKNOWN,
            "inner": [{"n": 1}, {}],
            "timeouts": {"create": "1m"},
        })
    );
}
