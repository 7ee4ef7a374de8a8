//! Drift of every scalar that is configured shows as that very attribute, whatever the configuration
//! is.
//!
//! Each kind is asked what it sends of a made-up configuration. Every scalar of it is then changed, as
//! another field manager would, and the kind says what the state shows of the object.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::TestCaseError;
use serde_json::{Value as Json, json};
use terraform_provider_gitops::framework::api::View;
use terraform_provider_gitops::framework::plan;
use terraform_provider_gitops::framework::schema::{Attribute, Form, Kind, Nesting};
use terraform_provider_gitops::framework::ty::Type;
use terraform_provider_gitops::framework::{Model, PREFIX, Schema, Value};
use terraform_provider_gitops::resources::argocd::app_project::AppProject;
use terraform_provider_gitops::resources::argocd::application::Application;
use terraform_provider_gitops::resources::argocd::application_set::ApplicationSet;
use terraform_provider_gitops::resources::kargo::stage::Stage;
use terraform_provider_gitops::resources::kargo::warehouse::Warehouse;
use terraform_provider_gitops::resources::object;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::codec::{Shape, decode};

use super::cases::{self, CASES, runner};
use super::generate::{Choices, Taste};
use crate::support::core::{Ty, value};

#[test]
fn a_changed_scalar_of_an_application_shows_as_that_attribute() {
    every_scalar_shows::<Application>();
}

#[test]
fn a_changed_scalar_of_an_application_set_shows_as_that_attribute() {
    every_scalar_shows::<ApplicationSet>();
}

#[test]
fn a_changed_scalar_of_a_project_shows_as_that_attribute() {
    every_scalar_shows::<AppProject>();
}

#[test]
fn a_changed_scalar_of_a_stage_or_a_warehouse_shows_as_that_attribute() {
    every_scalar_shows::<Stage>();
    every_scalar_shows::<Warehouse>();
}

fn every_scalar_shows<K: object::Kind>() {
    let schema = Schema::new(0, "", K::Model::attributes());
    let attributes = &schema.attributes;
    let ty = Ty::read(&serde_json::to_vec(&schema.ty().to_json()).expect("JSON")).expect("a type");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let core = runtime.block_on(super::core());
    let registry = registry();
    let name = format!("{PREFIX}_{}", K::NAME);
    let ty_of_core = cases::Type::new(&core, registry.get(&name).expect("it is served"));
    let changed = Cell::new(0_usize);
    let changed_here = &changed;
    let property = |choices: Vec<u16>| {
        let mut choices = Choices::new(&choices);
        let config = ty_of_core.config(&mut choices, Taste::Valid);
        let config = decode(Shape::Object(attributes), &value::encode(&ty, &config));
        let config = config.expect("core writes what the provider reads");
        // What is refused is never sent: two annotations of one name, say, are one.
        if ty_of_core.managed.validate(&config).has_errors() {
            return Ok(());
        }
        let state = plan::plan(attributes, None, &config).value.without_unknowns();
        let Ok(sent) = K::render(attributes, &state) else { return Ok(()) };
        let see = |live: &Json| {
            let seen = K::project(attributes, live, &state, View::Owned).expect("it is read");
            plan::refresh(attributes, &state, seen)
        };
        let mut differs = Vec::new();
        // What only the provider knows is not in the object.
        let known = |path: &String| !path.starts_with("cascade");
        differences("", &state, &see(&sent), &mut differs);
        differs.retain(known);
        if !differs.is_empty() {
            let why = format!("what was sent shows as drift of {differs:?}: {sent:#}");
            return Err(TestCaseError::fail(why));
        }
        let mut scalars = Vec::new();
        leaves(attributes, &state, K::ROOT, "", &mut scalars);
        for Leaf { path, pointer } in scalars {
            let mut live = sent.clone();
            let Some(scalar) = live.pointer_mut(&pointer) else { continue };
            if !change(scalar) {
                continue;
            }
            changed_here.set(changed_here.get() + 1);
            let mut shows = Vec::new();
            differences("", &state, &see(&live), &mut shows);
            shows.retain(known);
            if shows != [path.as_str()] {
                let why = format!("a change at {pointer} shows as {shows:?}, not {path}: {live:#}");
                return Err(TestCaseError::fail(why));
            }
        }
        Ok(())
    };
    let mut runner = runner(CASES);
    let result = runner.run(&vec(any::<u16>(), 0..400), property);
    if let Err(error) = result {
        panic!("{name}: {error}");
    }
    let changed = changed.get();
    eprintln!("{name}: {changed} scalars were changed");
    assert!(changed >= 200, "{name}: only {changed} scalars were changed");
}

/// A scalar of a configuration.
struct Leaf {
    /// The attribute, or the element of it.
    path: String,
    /// Where it is in the object.
    pointer: String,
}

/// The scalars that values have, as far as their place in the object follows from the schema.
fn leaves(attributes: &[Attribute], values: &Value, root: &str, at: &str, found: &mut Vec<Leaf>) {
    for attr in attributes {
        let value = values.get(attr.name);
        let Some(field) = attr.api.field else { continue };
        // Another object: what it is called.
        if value.is_null() || attr.write_only || attr.identity {
            continue;
        }
        let pointer =
            if field.starts_with('/') { field.to_owned() } else { format!("{root}/{field}") };
        let path = if at.is_empty() { attr.name.to_owned() } else { format!("{at}.{}", attr.name) };
        match (&attr.kind, value) {
            (Kind::Nested(Nesting::Single, inner), value) => {
                leaves(inner, value, &pointer, &path, found);
            }
            (Kind::Nested(Nesting::List, inner), Value::List(elements)) => {
                for (n, element) in elements.iter().enumerate() {
                    let (pointer, path) = (format!("{pointer}/{n}"), format!("{path}[{n}]"));
                    leaves(inner, element, &pointer, &path, found);
                }
            }
            (Kind::Nested(Nesting::Map, inner), Value::Object(elements)) => {
                for (key, element) in elements {
                    let pointer = format!("{pointer}/{}", escape(key));
                    leaves(inner, element, &pointer, &format!("{path}.{key}"), found);
                }
            }
            (Kind::Plain(Type::List(_)), Value::List(elements)) => {
                for n in 0..elements.len() {
                    let (pointer, path) = (format!("{pointer}/{n}"), format!("{path}[{n}]"));
                    found.push(Leaf { path, pointer });
                }
            }
            (Kind::Plain(Type::Map(_)), Value::Object(elements)) => {
                for key in elements.keys() {
                    let (pointer, path) =
                        (format!("{pointer}/{}", escape(key)), format!("{path}.{key}"));
                    found.push(Leaf { path, pointer });
                }
            }
            (Kind::Plain(_), _) if matches!(attr.api.form, Form::Plain | Form::IntOrString) => {
                found.push(Leaf { path, pointer });
            }
            // Documents and forms of their own are compared as a whole.
            _ => {}
        }
    }
}

/// A step of a JSON pointer.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Changes a scalar to another one of its type; false for what is none.
fn change(scalar: &mut Json) -> bool {
    *scalar = match &*scalar {
        Json::Bool(value) => json!(!value),
        Json::Number(number) => match number.as_i64() {
            Some(number) => json!(number.wrapping_add(1)),
            None => return false,
        },
        Json::String(text) => json!(format!("{text}-changed")),
        _ => return false,
    };
    true
}

/// The paths at which two values differ; a list of another length differs as a whole.
fn differences(at: &str, before: &Value, after: &Value, paths: &mut Vec<String>) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match (before, after) {
        (Value::Object(b), Value::Object(a)) => {
            let mut keys: Vec<_> = b.keys().chain(a.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                differences(&below(key), before.get(key), after.get(key), paths);
            }
        }
        (Value::List(b), Value::List(a)) if a.len() == b.len() => {
            for (n, (b, a)) in b.iter().zip(a).enumerate() {
                differences(&format!("{at}[{n}]"), b, a, paths);
            }
        }
        _ if before == after => {}
        _ => paths.push(at.to_owned()),
    }
}
