//! Steps as users write them, as Kargo has them, and what is wrong with some.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::framework::api::{View, project, render};
use crate::framework::ty::Type;
use crate::framework::{Attr, Diagnostics, Model, Object, Path};
use crate::resources::kargo::stage::{PromotionTemplate, Stage};

/// A value as the configuration language would type it.
fn hcl(json: &Json) -> Dynamic {
    json::to_dynamic(json)
}

fn as_written() -> Json {
    json!([
        {
            "uses": "git-clone",
            "as": "clone",
            "if": "${{ always() }}",
            "continue_on_error": true,
            "retry": {"timeout": "90m", "error_threshold": 3},
            "vars": [{"name": "a", "value": "b"}],
            "config": {"repoURL": "https://x", "checkout": [{"continue_on_error": 1, "as": null}]},
        },
        {"task": {"name": "deploy", "kind": "ClusterPromotionTask"}, "vars": [{"name": "n", "value": 3}]},
    ])
}

fn in_the_api() -> Json {
    json!([
        {
            "uses": "git-clone",
            "as": "clone",
            "if": "${{ always() }}",
            "continueOnError": true,
            "retry": {"timeout": "1h30m0s", "errorThreshold": 3},
            "vars": [{"name": "a", "value": "b"}],
            "config": {"repoURL": "https://x", "checkout": [{"continue_on_error": 1, "as": null}]},
        },
        {"task": {"name": "deploy", "kind": "ClusterPromotionTask"}, "vars": [{"name": "n", "value": "3"}]},
    ])
}

#[test]
fn steps_are_spelled_like_attributes_and_config_is_left_alone() {
    assert_eq!(steps_to_json(&hcl(&as_written())).unwrap(), in_the_api());
    let read = steps_from_json(&in_the_api()).unwrap();
    let mut expected = as_written();
    expected[0]["retry"]["timeout"] = json!("1h30m0s");
    expected[1]["vars"][0]["value"] = json!("3");
    assert_eq!(read, hcl(&expected));
}

#[test]
fn what_says_nothing_is_left_out() {
    let steps = json!([{
        "uses": "fail",
        "as": "",
        "if": null,
        "continue_on_error": false,
        "retry": {"error_threshold": 0, "timeout": null},
        "vars": [],
        "config": {},
    }]);
    assert_eq!(steps_to_json(&hcl(&steps)).unwrap(), json!([{"uses": "fail", "config": {}}]));
}

#[test]
fn a_field_of_a_newer_kargo_survives() {
    let newer = json!([{"uses": "fail", "brandNew": {"x": 1}}]);
    let read = steps_from_json(&newer).unwrap();
    assert_eq!(steps_to_json(&read).unwrap(), newer);
}

#[test]
fn steps_that_are_not_known_yet_are_never_sent() {
    let mut steps = hcl(&json!([{"uses": "fail", "config": {"message": "x"}}]));
    if let Value::List(steps) = &mut steps.value {
        steps[0].set("config", Value::Unknown);
    }
    assert!(steps_to_json(&steps).is_err());
    assert!(steps_from_json(&json!({"uses": "fail"})).is_err());
}

fn stage(steps: Dynamic) -> Value {
    let template = PromotionTemplate { steps: Attr::Known(Steps(steps)), vars: Attr::Null };
    let stage = Stage { promotion_template: Attr::Known(template), ..Stage::default() };
    Model::into_value(stage)
}

#[test]
fn what_kargo_gives_back_is_no_drift() {
    let prior = stage(hcl(&as_written()));
    let sent = render(&Stage::attributes(), "/spec", &prior).unwrap();
    assert_eq!(sent["spec"]["promotionTemplate"]["spec"]["steps"], in_the_api());
    let see = |live: &Json| project(&Stage::attributes(), "/spec", live, &prior, View::Owned);
    assert_eq!(see(&sent), prior);

    let mut drifted = sent;
    drifted["spec"]["promotionTemplate"]["spec"]["steps"][0]["retry"]["errorThreshold"] = json!(4);
    let seen = see(&drifted);
    let Value::Dynamic(steps) = seen.get("promotion_template").get("steps") else { panic!() };
    let step = &steps.value.as_list().unwrap()[0];
    assert_eq!(step.get("retry").get("error_threshold"), &4.into());
    assert_eq!(step.get("continue_on_error"), &true.into());
}

#[test]
fn steps_that_were_imported_are_those_of_the_configuration_in_another_spelling() {
    let attributes = PromotionTemplate::attributes();
    let steps = attributes.iter().find(|attribute| attribute.name == "steps").unwrap();
    let value = |steps| Value::Dynamic(Box::new(steps));
    let imported = value(steps_from_json(&in_the_api()).unwrap());
    assert!(steps.same(&imported, &value(hcl(&as_written()))));
    let other = json!([{ "uses": "git-clone" }]);
    assert!(!steps.same(&imported, &value(hcl(&other))));
    assert!(!steps.same(&imported, &Value::Unknown));
}

fn found(steps: &Dynamic) -> Vec<(String, String)> {
    let mut diagnostics = Diagnostics::default();
    check(steps, Within::Template, &Path::attribute("steps"), &mut diagnostics);
    diagnostics.iter().map(|found| (found.path.to_string(), found.detail.clone())).collect()
}

#[test]
fn good_steps_pass() {
    assert_eq!(found(&hcl(&as_written())), []);
    assert_eq!(found(&hcl(&json!([{"uses": "fail", "config": null, "vars": null}]))), []);
}

#[test]
fn every_error_points_at_its_field() {
    for (steps, path, detail) in [
        (json!("x"), "steps", "steps is text, expected a list of steps."),
        (json!([]), "steps", "A list of steps has at least one."),
        (json!(["x"]), "steps[0]", "steps[0] is text, expected an object with uses, task,"),
        (json!([{}]), "steps[0]", "steps[0] needs uses"),
        (json!([{"uses": ""}]), "steps[0].uses", "it is empty"),
        (json!([{"uses": 1}]), "steps[0].uses", "steps[0].uses is a number, expected text."),
        (json!([{"use": "x", "uses": "y"}]), "steps[0].use", "is not one of: uses, task, as,"),
        (
            json!([{"uses": "x", "continueOnError": true}]),
            "steps[0].continueOnError",
            "is written continue_on_error here.",
        ),
        (
            json!([{"uses": "x", "continue_on_error": "yes"}]),
            "steps[0].continue_on_error",
            "is text, expected true or false.",
        ),
        (json!([{"uses": "x", "config": "y"}]), "steps[0].config", "is text, expected an object"),
        (
            json!([{"uses": "x", "retry": {"errorThreshold": 1}}]),
            "steps[0].retry.errorThreshold",
            "is written error_threshold here.",
        ),
        (
            json!([{"uses": "x", "retry": {"error_threshold": -1}}]),
            "steps[0].retry.error_threshold",
            "-1 is not a whole number of at least 0",
        ),
        (
            json!([{"uses": "x", "retry": {"error_threshold": 0.5}}]),
            "steps[0].retry.error_threshold",
            "0.5 is not a whole number",
        ),
        (
            json!([{"uses": "x", "retry": {"timeout": 5}}]),
            "steps[0].retry.timeout",
            "is a number, expected a duration",
        ),
        (
            json!([{"uses": "x", "retry": []}]),
            "steps[0].retry",
            "is a list, expected an object with timeout, error_threshold.",
        ),
        (
            json!([{"task": {"kind": "PromotionTask"}}]),
            "steps[0].task.name",
            "The argument steps[0].task.name is required.",
        ),
        (
            json!([{"task": {"name": "a", "kind": "Task"}}]),
            "steps[0].task.kind",
            "\"Task\" is not one of",
        ),
        (json!([{"uses": "x", "task": {"name": "a"}}]), "steps[0].task", "has both uses and task"),
        (json!([{"task": {"name": "a"}, "config": {}}]), "steps[0].config", "cannot have config"),
        (json!([{"task": {"name": "a"}, "if": "x"}]), "steps[0].if", "cannot have if"),
        (
            json!([{"uses": "x", "vars": {"a": "b"}}]),
            "steps[0].vars",
            "is an object, expected a list of objects.",
        ),
        (
            json!([{"uses": "x", "vars": [{"name": "1"}]}]),
            "steps[0].vars[0].name",
            "\"1\" is no name for a variable",
        ),
        (
            json!([{"uses": "x", "vars": [{"name": "a", "value": []}]}]),
            "steps[0].vars[0].value",
            "is a list, expected text.",
        ),
    ] {
        let found = found(&hcl(&steps));
        assert_eq!(found.len(), 1, "{steps}: {found:?}");
        assert_eq!(found[0].0, path, "{steps}");
        assert!(found[0].1.contains(detail), "{steps}: {:?}", found[0].1);
    }
}

#[test]
fn unknown_parts_pass() {
    let unknown = |ty| Dynamic { ty, value: Value::Unknown };
    assert_eq!(found(&unknown(Type::Dynamic)), []);
    let mut steps = hcl(&json!([{"uses": "x", "config": {}, "vars": [{"name": "a"}]}]));
    if let Value::List(steps) = &mut steps.value {
        for name in ["uses", "config", "vars"] {
            steps[0].set(name, Value::Unknown);
        }
        steps.push(Value::Unknown);
    }
    assert_eq!(found(&steps), []);
}

#[test]
fn a_typed_list_of_objects_or_maps_is_a_list_of_steps_too() {
    // What a variable of type list(object({uses = string, as = optional(string)})) holds.
    let ty =
        Type::Object(BTreeMap::from([("uses".into(), Type::String), ("as".into(), Type::String)]));
    let step = Object::from([("uses".into(), "fail".into()), ("as".into(), Value::Null)]);
    let steps = Dynamic { ty: ty.clone().list(), value: Value::List(vec![step.into()]) };
    assert_eq!(found(&steps), []);
    assert_eq!(steps_to_json(&steps).unwrap(), json!([{"uses": "fail"}]));

    let step = Object::from([("use".into(), "fail".into()), ("uses".into(), "fail".into())]);
    let map = Dynamic { ty: Type::String.map().list(), value: Value::List(vec![step.into()]) };
    assert_eq!(found(&map)[0].0, r#"steps[0]["use"]"#);

    // A set forgets the order.
    let set = Dynamic { ty: ty.set(), value: Value::List(vec![]) };
    assert_eq!(found(&set)[0].1, "steps is a set, expected a list of steps.");
}
