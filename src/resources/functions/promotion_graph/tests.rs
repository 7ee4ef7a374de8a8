use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::framework::function::{CallError, Callable};
use crate::framework::{Value, json as value};

fn call(warehouses: Value, stages: Value) -> std::result::Result<Value, CallError> {
    Callable::of::<PromotionGraph>().call(vec![warehouses, stages])
}

/// As an expression of a configuration; the text `?` is not known yet.
fn argument(json: &Json) -> Value {
    fn unknown(value: Value) -> Value {
        match value {
            Value::String(text) if text == "?" => Value::Unknown,
            Value::List(values) => values.into_iter().map(unknown).collect(),
            Value::Object(values) => values.into_iter().map(|(k, v)| (k, unknown(v))).collect(),
            other => other,
        }
    }
    let mut dynamic = value::to_dynamic(json);
    dynamic.value = unknown(dynamic.value);
    Value::Dynamic(Box::new(dynamic))
}

fn graph(warehouses: &Json, stages: &Json) -> Json {
    value::from_value(&call(argument(warehouses), argument(stages)).unwrap()).unwrap()
}

#[track_caller]
fn refused(warehouses: &Json, stages: &Json) -> String {
    let error = call(argument(warehouses), argument(stages)).unwrap_err();
    assert_eq!(error.argument, Some(1), "{error:?}");
    error.text
}

fn direct(name: &str, warehouse: &str) -> Json {
    json!({
        "name": name,
        "requested_freight": [{"origin": {"name": warehouse}, "sources": {"direct": true}}],
    })
}

fn behind(name: &str, warehouse: &str, stages: &[&str]) -> Json {
    json!({
        "name": name,
        "requested_freight": [{"origin": {"name": warehouse}, "sources": {"stages": stages}}],
    })
}

#[test]
fn a_pipeline_is_described_from_its_warehouses_on() {
    let warehouses = json!([{"name": "shop"}, {"name": "charts"}]);
    let stages = json!([
        {"name": "prod", "requested_freight": [
            {"origin": {"name": "shop"}, "sources": {
                "direct": false, "stages": ["uat", "dev"], "required_soak_time": "24h",
            }},
            {"origin": {"name": "charts"}, "sources": {"direct": true, "stages": ["uat"]}},
        ]},
        {"name": "uat", "requested_freight": [
            {"origin": {"name": "shop"}, "sources": {"stages": ["dev"], "required_soak_time": "0s"}},
            {"origin": {"name": "charts"}, "sources": {"direct": true}},
        ]},
        direct("dev", "shop"),
    ]);
    assert_eq!(
        graph(&warehouses, &stages),
        json!({
            "order": ["dev", "uat", "prod"],
            "upstreams": {"dev": [], "prod": ["dev", "uat"], "uat": ["dev"]},
            "warehouses": {"dev": ["shop"], "prod": ["charts", "shop"], "uat": ["charts", "shop"]},
            "mermaid": "flowchart LR\n\
                \x20 w0[(\"shop\")]\n\
                \x20 w1[(\"charts\")]\n\
                \x20 s0[\"dev\"]\n\
                \x20 s1[\"uat\"]\n\
                \x20 s2[\"prod\"]\n\
                \x20 w0 --> s0\n\
                \x20 s0 -->|\"shop\"| s1\n\
                \x20 w1 --> s1\n\
                \x20 s1 -->|\"shop, soaks 24h\"| s2\n\
                \x20 s0 -->|\"shop, soaks 24h\"| s2\n\
                \x20 w1 --> s2\n\
                \x20 s1 -->|\"charts\"| s2\n",
        })
    );
}

#[test]
fn stages_come_as_a_list_or_as_a_resource_with_for_each_is() {
    let list = graph(&json!([{"name": "w"}]), &json!([direct("a", "w"), behind("b", "w", &["a"])]));
    let map = json!({"x": behind("b", "w", &["a"]), "y": direct("a", "w")});
    assert_eq!(graph(&json!({"one": {"name": "w"}}), &map), list);
    assert_eq!(graph(&json!([]), &json!([]))["mermaid"], "flowchart LR\n");
}

#[test]
fn each_mistake_names_its_stage() {
    let warehouses = json!([{"name": "w"}, {"name": "v"}]);
    for (stages, text) in [
        (
            json!([behind("a", "w", &["b"]), behind("b", "w", &["c"]), behind("c", "w", &["a"])]),
            "Stages wait for each other in a circle: \"a\" takes freight from \"b\", which takes it \
             from \"c\", which takes it from \"a\".",
        ),
        (json!([behind("a", "w", &["a"])]), "Stage \"a\" takes freight from itself."),
        (
            json!([
                behind("late", "w", &["a"]),
                behind("a", "w", &["b"]),
                behind("b", "w", &["a"])
            ]),
            "Stages wait for each other in a circle: \"a\" takes freight from \"b\", which takes it \
             from \"a\".",
        ),
        (
            json!([direct("dev", "w"), behind("prod", "w", &["uat"])]),
            "Stage \"prod\" takes freight from stage \"uat\", which is not among the stages \
             (\"dev\", \"prod\").",
        ),
        (
            json!([direct("dev", "shop")]),
            "Stage \"dev\" requests freight of warehouse \"shop\", which is not among the \
             warehouses (\"w\", \"v\").",
        ),
        (
            json!([{"name": "dev", "requested_freight": []}]),
            "No freight ever reaches stage \"dev\": its requested_freight is empty.",
        ),
        (
            json!([{"name": "dev", "requested_freight": [
                {"origin": {"name": "w"}, "sources": {"direct": false, "stages": []}},
            ]}]),
            "No freight of warehouse \"w\" ever reaches stage \"dev\": requested_freight[0].sources \
             has neither direct = true nor stages.",
        ),
        (
            json!([direct("dev", "v"), behind("prod", "w", &["dev"])]),
            "Stage \"prod\" waits for freight of warehouse \"w\" from stage \"dev\", which takes \
             none of it.",
        ),
        (json!([direct("dev", "w"), direct("dev", "v")]), "There is more than one stage \"dev\"."),
    ] {
        assert_eq!(refused(&warehouses, &stages), text, "{stages}");
    }
    let mut elsewhere = direct("dev", "w");
    elsewhere["namespace"] = json!("shop");
    assert_eq!(
        refused(&json!([{"name": "w", "namespace": "pay"}]), &json!([elsewhere])),
        "Stage \"dev\" is of project \"shop\", and warehouse \"w\" of project \"pay\"; freight does \
         not leave its project."
    );
}

#[test]
fn several_mistakes_are_told_at_once() {
    let said = refused(&json!([{"name": "w"}]), &json!([direct("a", "x"), direct("b", "y")]));
    assert_eq!(said.matches("\n- ").count(), 2, "{said}");
}

#[test]
fn what_has_another_shape_is_refused_where_it_is() {
    let some = json!([{"name": "w"}]);
    for (warehouses, stages, at, text) in [
        (json!("w"), json!([]), 0, "what is at warehouses is not a list or a map of objects"),
        (json!(["w"]), json!([]), 0, "what is at warehouses[0] is not an object"),
        (json!({"name": "w"}), json!([]), 0, "what is at warehouses is not a list"),
        (json!([{}]), json!([]), 0, "nothing is at warehouses[0].name, where text is expected"),
        (some.clone(), json!([{"name": "a"}]), 1, "nothing is at stages[0].requested_freight"),
        (
            some.clone(),
            json!({"dev": {"name": "a", "requested_freight": [{"sources": {"direct": true}}]}}),
            1,
            "nothing is at stages[\"dev\"].requested_freight[0].origin, where an object is",
        ),
        (
            some,
            json!([{"name": "a", "requested_freight": [
                {"origin": {"name": "w"}, "sources": {"direct": "yes"}},
            ]}]),
            1,
            "requested_freight[0].sources.direct is not true or false",
        ),
    ] {
        let error = call(argument(&warehouses), argument(&stages)).unwrap_err();
        assert_eq!(error.argument, Some(at), "{error:?}");
        assert!(error.text.to_lowercase().contains(&text.to_lowercase()), "{error:?}");
    }
}

#[test]
fn what_decides_no_flow_may_be_unknown() {
    let mut stage = behind("b", "w", &["a"]);
    stage["shard"] = json!("?");
    stage["namespace"] = json!("?");
    let stages = |stage: &Json| json!([direct("a", "w"), stage]);
    let warehouses = json!([{"name": "w", "subscriptions": ["?"]}]);
    assert_eq!(graph(&warehouses, &stages(&stage))["order"], json!(["a", "b"]));

    stage["requested_freight"][0]["sources"]["required_soak_time"] = json!("?");
    let soaking = call(argument(&warehouses), argument(&stages(&stage))).unwrap();
    assert_eq!(soaking.get("mermaid"), &Value::Unknown);
    assert!(soaking.get("order").is_wholly_known());

    for at in ["/name", "/requested_freight/0/origin/name", "/requested_freight/0/sources/stages/0"]
    {
        let mut stage = behind("b", "w", &["a"]);
        *stage.pointer_mut(at).unwrap() = json!("?");
        let found = call(argument(&warehouses), argument(&stages(&stage))).unwrap();
        assert_eq!(found.get("order"), &Value::Unknown, "{at}");
    }
    let all = call(argument(&json!("?")), argument(&json!([]))).unwrap();
    assert_eq!(all.get("order"), &Value::Unknown);
    // A mistake that is certain is told all the same.
    let error = call(argument(&json!("?")), argument(&json!([{"name": 1}]))).unwrap_err();
    assert!(error.text.contains("stages[0].name"), "{error:?}");
}

/// Stages of which each takes freight from some of those before it, or from a warehouse, in some
/// order.
fn pipelines() -> impl Strategy<Value = Vec<(usize, Vec<usize>)>> {
    let one = |at: usize| proptest::collection::btree_set(0..at.max(1), 0..=at.min(3));
    (1..9_usize)
        .prop_flat_map(move |count| (0..count).map(one).collect::<Vec<_>>())
        .prop_map(|upstreams| {
            let upstreams = upstreams.into_iter().enumerate();
            let kept = upstreams.map(|(at, some)| {
                (at, some.into_iter().filter(|upstream| *upstream < at).collect::<Vec<_>>())
            });
            kept.collect::<Vec<_>>()
        })
        .prop_shuffle()
}

fn stage(at: usize, upstreams: &[usize]) -> Json {
    let name = format!("s{at}");
    let names: Vec<_> = upstreams.iter().map(|at| format!("s{at}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    if names.is_empty() { direct(&name, "w") } else { behind(&name, "w", &names) }
}

proptest! {
    #[test]
    fn every_stage_is_behind_those_it_takes_from(pipeline in pipelines()) {
        let stages = pipeline.iter().map(|(at, upstreams)| stage(*at, upstreams)).collect::<Json>();
        let graph = graph(&json!([{"name": "w"}]), &stages);
        let order: Vec<_> = graph["order"].as_array().unwrap().iter().collect();
        prop_assert_eq!(order.len(), pipeline.len());
        let place = |name: &Json| order.iter().position(|one| *one == name).unwrap();
        for (at, upstreams) in &pipeline {
            let name = format!("s{at}");
            for upstream in upstreams {
                let upstream = json!(format!("s{upstream}"));
                prop_assert!(place(&upstream) < place(&json!(name)));
            }
            prop_assert_eq!(graph["upstreams"][&name].as_array().unwrap().len(), upstreams.len());
            prop_assert_eq!(&graph["warehouses"][&name], &json!(["w"]));
        }
        let arrows = pipeline.iter().map(|(_, upstreams)| upstreams.len().max(1)).sum::<usize>();
        prop_assert_eq!(graph["mermaid"].as_str().unwrap().matches("-->").count(), arrows);
    }

    /// One stage of a way takes freight from another that is behind it.
    #[test]
    fn a_circle_is_found_wherever_it_closes(length in 1..8_usize, from in 0..8_usize, turn in 0..8_usize) {
        let mut ways: Vec<_> = (0..length).map(|at| (at, at.checked_sub(1).into_iter().collect::<Vec<_>>())).collect();
        let from = from % length;
        ways[0].1.push(from);
        ways.rotate_left(turn % length);
        let stages = ways.iter().map(|(at, upstreams)| stage(*at, upstreams)).collect::<Json>();
        let said = refused(&json!([{"name": "w"}]), &stages);
        let named = |at: usize| said.contains(&format!("\"s{at}\""));
        prop_assert!((0..=from).all(named), "{}", said);
        prop_assert!(!(from + 1..length).any(named), "{}", said);
    }
}
