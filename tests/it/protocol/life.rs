//! What goes well, from a create to a destroy.

use serde_json::{Value as Json, json};

use super::{THING, apply, plan, world};
use crate::support::core::{Action, Import, Stored, UNKNOWN, Val};

/// A thing with something in every attribute.
fn whole() -> Json {
    json!({
        "name": "a",
        "document": "{\"x\":1}",
        "anything": {"deep": [1, "two", {"three": null}]},
        "secret": "hush",
        "token_wo": "never kept",
        "token_wo_version": 1,
        "single": {"key": "s", "pin_wo": "1111", "pin_wo_version": 1},
        "list": [{"key": "l0", "pin_wo": "2222"}, {"key": "l1"}],
        "map": {"m": {"key": "m", "pin_wo": "3333"}},
        "set": [{"key": "x"}, {"key": "y", "colour": "blue"}],
        "words": ["b", "a"],
        "rule": [{"key": "r"}],
        "timeouts": {"create": "1m"},
    })
}

#[tokio::test]
async fn a_thing_lives_from_create_to_destroy() {
    let (core, backend) = world("a_thing_lives").await;
    let config = core.config(THING, &whole());
    let created = plan(&core, None, &config).await;
    assert_eq!(created.action, Action::Create);
    assert_eq!(created.planned.get("size"), &"small".into());
    assert_eq!(created.planned.get("id"), &Val::Unknown);
    let stored = core.apply(THING, &created, &config).await.unwrap().stored();
    assert_eq!(stored.identity, Some(json!({"name": "a", "zone": "north"})));
    assert_eq!(stored.value["list"][1]["id"], "l1");
    assert_eq!(stored.value["map"]["m"]["id"], "m-m");
    assert_eq!(stored.value["set"][0]["id"], "p-y");
    assert_eq!(stored.value["rule"][0]["colour"], "red");
    assert_eq!(stored.value["opinion"]["verdict"], "good");
    // What was planned is kept, though the API spells it otherwise.
    assert_eq!(stored.value["document"], "{\"x\":1}");

    let read = core.refresh(THING, &stored).await.unwrap().expect("it is there");
    assert_eq!(read, stored);
    assert_eq!(plan(&core, Some(&read), &config).await.action, Action::NoOp);

    let mut larger = whole();
    larger["size"] = json!("large");
    let stored = apply(&core, Some(&read), &larger).await;
    assert_eq!(stored.value["revision"], 2);

    let destroy = core.plan_destroy(THING, &stored).await.unwrap();
    let applied = core.apply(THING, &destroy, &config).await.unwrap();
    assert_eq!((applied.state, applied.said), (None, vec![]));
    assert_eq!(
        backend.calls(),
        ["create a", "read north/a, made by a create", "update a", "delete a"]
    );
}

#[tokio::test]
async fn what_an_api_makes_otherwise_is_drift_and_no_broken_promise() {
    let (core, _) = world("what_an_api_makes_otherwise").await;
    let mut config = whole();
    config["fault"] = json!("other answer");
    // That the result is the planned one the core itself asserts.
    let stored = apply(&core, None, &config).await;
    assert_eq!(stored.value["size"], "small");
    assert_eq!(stored.value["list"].as_array().map(Vec::len), Some(2));
    let read = core.refresh(THING, &stored).await.unwrap().expect("it is there");
    assert_eq!(read.value["size"], "medium");
    assert_eq!(read.value["list"].as_array().map(Vec::len), Some(1));
    assert_eq!(read.value["map"]["x"]["key"], "m");
    let planned = plan(&core, Some(&read), &core.config(THING, &config)).await;
    assert_eq!(planned.action, Action::Update);
}

#[tokio::test]
async fn write_only_values_reach_the_api_and_never_come_back() {
    let (core, backend) = world("write_only_values").await;
    // That none comes back the core itself asserts, of every answer.
    let stored = apply(&core, None, &whole()).await;
    let thing = backend.thing("a").expect("it is there");
    let secret = |secret: &terraform_provider_gitops::framework::Attr<
        terraform_provider_gitops::framework::Secret,
    >| secret.known().map(|secret| secret.expose().to_owned());
    assert_eq!(secret(&thing.token_wo).as_deref(), Some("never kept"));
    assert_eq!(secret(&thing.single.known().unwrap().pin_wo).as_deref(), Some("1111"));
    assert_eq!(secret(&thing.list.known().unwrap()[0].pin_wo).as_deref(), Some("2222"));
    assert_eq!(secret(&thing.list.known().unwrap()[1].pin_wo), None);
    assert_eq!(secret(&thing.map.known().unwrap()["m"].pin_wo).as_deref(), Some("3333"));
    assert!(!stored.value.to_string().contains("never kept"));

    // Only its version tells that a secret is a new one.
    let mut rotated = whole();
    rotated["token_wo"] = json!("the new one");
    let config = core.config(THING, &rotated);
    assert_eq!(plan(&core, Some(&stored), &config).await.action, Action::NoOp);
    rotated["token_wo_version"] = json!(2);
    apply(&core, Some(&stored), &rotated).await;
    let thing = backend.thing("a").expect("it is there");
    assert_eq!(secret(&thing.token_wo).as_deref(), Some("the new one"));
}

#[tokio::test]
async fn what_is_unknown_at_the_plan_is_known_at_the_apply() {
    let (core, _) = world("what_is_unknown").await;
    let mut unsure = whole();
    for path in ["/document", "/anything", "/secret", "/list", "/map/m/key", "/single/pin_wo"] {
        *unsure.pointer_mut(path).unwrap() = json!(UNKNOWN);
    }
    unsure["set"] = json!([{"key": UNKNOWN}, {"key": "y", "colour": UNKNOWN}]);
    let config = core.config(THING, &unsure);
    let planned = plan(&core, None, &config).await;
    let known = core.config(THING, &whole());
    let stored = core.apply(THING, &planned, &known).await.unwrap().stored();
    assert_eq!(stored.value["set"].as_array().unwrap().len(), 2);
    assert_eq!(plan(&core, Some(&stored), &known).await.action, Action::NoOp);
}

#[tokio::test]
async fn private_state_lives_as_long_as_its_object() {
    let (core, backend) = world("private_state").await;
    let stored = apply(&core, None, &whole()).await;
    assert!(!stored.private.is_empty());
    let read = core.refresh(THING, &stored).await.unwrap().expect("it is there");
    let changed = apply(&core, Some(&read), &json!({"name": "a", "size": "large"})).await;
    assert_eq!(changed.private, stored.private);
    core.refresh(THING, &changed).await.unwrap();
    assert_eq!(backend.calls().last().unwrap(), "read north/a, made by a create");
}

#[tokio::test]
async fn a_changed_name_or_fixed_part_makes_a_new_thing() {
    let (core, backend) = world("a_changed_name").await;
    let stored = apply(&core, None, &whole()).await;
    let mut renamed = whole();
    renamed["name"] = json!("b");
    let config = core.config(THING, &renamed);
    let planned = plan(&core, Some(&stored), &config).await;
    assert_eq!(
        (planned.action, planned.replace.as_slice()),
        (Action::Replace, &["name".into()][..])
    );
    // Nothing of the old one is taken for the new one's.
    assert_eq!(planned.planned.get("id"), &Val::Unknown);
    assert_eq!(planned.planned.get("single").get("id"), &Val::Unknown);
    let stored = core.apply(THING, &planned, &config).await.unwrap().stored();
    assert_eq!(stored.identity, Some(json!({"name": "b", "zone": "north"})));
    assert!(backend.thing("a").is_none() && backend.thing("b").is_some());

    for (fixed, before) in [(json!("x"), json!(null)), (json!("y"), json!("x"))] {
        let mut config = renamed.clone();
        config["single"]["fixed"] = before;
        let stored = apply(&core, Some(&stored), &config).await;
        config["single"]["fixed"] = fixed;
        let planned = plan(&core, Some(&stored), &core.config(THING, &config)).await;
        assert_eq!(planned.replace, ["single.fixed"]);
    }
}

#[tokio::test]
async fn a_part_that_comes_or_goes_makes_a_new_thing_if_its_own_change_would() {
    let (core, _) = world("a_part_that_comes").await;
    let without = apply(&core, None, &json!({"name": "a"})).await;
    let with = json!({"name": "a", "single": {"key": "s", "fixed": "x"}});
    let planned = plan(&core, Some(&without), &core.config(THING, &with)).await;
    assert_eq!(planned.action, Action::Replace);
    let with = apply(&core, Some(&without), &with).await;
    let planned = plan(&core, Some(&with), &core.config(THING, &json!({"name": "a"}))).await;
    assert_eq!(planned.action, Action::Replace);
}

#[tokio::test]
async fn drift_shows_as_the_attribute_that_drifted() {
    let (core, backend) = world("drift_shows").await;
    let stored = apply(&core, None, &whole()).await;
    backend.meddle("a", |thing| {
        thing.size = "huge".to_owned().into();
        thing.document = "{ \"x\": 1 }".to_owned().into();
    });
    let read = core.refresh(THING, &stored).await.unwrap().expect("it is there");
    let mut expected = stored.value.clone();
    expected["size"] = json!("huge");
    assert_eq!(read.value, expected);
    let planned = plan(&core, Some(&read), &core.config(THING, &whole())).await;
    assert_eq!(planned.planned.get("size"), &"small".into());
    assert_eq!(planned.action, Action::Update);
}

#[tokio::test]
async fn what_is_gone_is_made_anew() {
    let (core, backend) = world("what_is_gone").await;
    let stored = apply(&core, None, &whole()).await;
    backend.lose("a");
    assert_eq!(core.refresh(THING, &stored).await, Ok(None));
}

#[tokio::test]
async fn a_delete_of_what_is_gone_is_a_success() {
    let (core, backend) = world("a_delete_of_what_is_gone").await;
    let stored = apply(&core, None, &whole()).await;
    backend.lose("a");
    let destroy = core.plan_destroy(THING, &stored).await.unwrap();
    let applied = core.apply(THING, &destroy, &Val::Null).await.unwrap();
    assert_eq!((applied.state, applied.said), (None, vec![]));
}

#[tokio::test]
async fn a_thing_is_imported_by_text_and_by_identity() {
    let (core, backend) = world("a_thing_is_imported").await;
    let made = apply(&core, None, &json!({"name": "a", "size": "large"})).await;
    let by_text = core.import(THING, &Import::Id("north/a")).await.unwrap();
    assert_eq!(by_text.value["size"], "large");
    assert_eq!(by_text.identity, made.identity);
    assert_eq!(backend.calls().last().unwrap(), "read north/a after an import, made elsewhere");
    let identity = Import::Identity(json!({"name": "a", "zone": "north"}));
    assert_eq!(core.import(THING, &identity).await.unwrap(), by_text);
    // What has a default may be left out.
    let identity = Import::Identity(json!({"name": "a"}));
    assert_eq!(core.import(THING, &identity).await.unwrap(), by_text);
    // Only the first read is told of the import.
    let read = core.refresh(THING, &by_text).await.unwrap().expect("it is there");
    assert_eq!(backend.calls().last().unwrap(), "read north/a, made elsewhere");
    let config = core.config(THING, &json!({"name": "a", "size": "large"}));
    assert_eq!(plan(&core, Some(&read), &config).await.action, Action::NoOp);
}

#[tokio::test]
async fn an_old_state_is_lifted_and_fits_the_schema_of_today() {
    let (core, _) = world("an_old_state").await;
    let old = Stored {
        version: 0,
        value: json!({
            "title": "a",
            "zone": "north",
            "gone_since_then": [1, 2],
            "single": {"key": "s", "gone_too": true},
            "anything": {"value": {"n": 1.50}, "type": ["object", {"n": "number"}]},
        }),
        private: vec![],
        identity: None,
        tainted: false,
    };
    // That every attribute is there the core itself asserts.
    let upgraded = core.upgrade(THING, &old).await.unwrap();
    assert_eq!(upgraded.get("name"), &"a".into());
    assert_eq!(upgraded.get("size"), &Val::Null);
    assert_eq!(upgraded.get("single").get("key"), &"s".into());
    assert_eq!(upgraded.get("rule"), &Val::List(vec![]));
    let Val::Dynamic(typed) = upgraded.get("anything") else { panic!("{upgraded:?}") };
    assert_eq!(typed.0.to_json(), json!(["object", {"n": "number"}]));
}

#[tokio::test]
async fn a_thing_moves_between_the_two_spellings_of_its_type() {
    let (core, _) = world("a_thing_moves").await;
    let stored = apply(&core, None, &whole()).await;
    for host in ["registry.terraform.io", "registry.opentofu.org", "example.com"] {
        let address = format!("{host}/eks-gitops/gitops");
        let moved = core.relocate((&address, THING), &stored, "thing").await.unwrap();
        assert_eq!(moved, stored, "from {host}");
        let config = core.config("thing", &whole());
        assert_eq!(core.plan("thing", Some(&moved), &config).await.unwrap().action, Action::NoOp);
        let back = core.relocate((&address, "thing"), &moved, THING).await.unwrap();
        assert_eq!(back, stored);
    }
}
