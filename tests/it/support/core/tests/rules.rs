//! Plans and results that break what core asserts of them.

use serde_json::{Value as Json, json};
use terraform_provider_gitops::rpc::proto;
use terraform_provider_gitops::rpc::proto::attribute_path::step::Selector;

use super::super::value::Val;
use super::super::{UNKNOWN, compatible, plan_valid, proposed, replace};
use super::{block, name, path, value, with};

#[test]
fn a_plan_by_the_rules_is_valid() {
    let element = json!({"key": "k"});
    for (prior, config, planned) in [
        // As configured, with anything in what is computed.
        (json!(null), json!({}), json!({"id": UNKNOWN, "size": "small"})),
        (json!(null), json!({"secret": "s"}), json!({})),
        (json!({"id": "old"}), json!({}), json!({"id": "predicted"})),
        // Another spelling, which the state holds.
        (json!({"note": "5m"}), json!({"note": "300s"}), json!({"note": "5m"})),
        // Unknown stays unknown.
        (json!(null), json!({"note": UNKNOWN}), json!({"note": UNKNOWN})),
        (json!(null), json!({"list": UNKNOWN}), json!({"list": UNKNOWN})),
        (json!(null), json!({"list": [UNKNOWN]}), json!({"list": [UNKNOWN]})),
        // Computed within what is configured.
        (
            json!(null),
            json!({"single": element, "list": [element], "map": {"m": element}}),
            json!({
                "single": {"key": "k", "id": UNKNOWN},
                "list": [{"key": "k", "either": "x"}],
                "map": {"m": {"key": "k", "id": "1"}},
            }),
        ),
        // Elements of a set may yet turn out to be the same.
        (
            json!(null),
            json!({"set": [{"key": UNKNOWN}, {"key": "k"}]}),
            json!({"set": [{"key": "k"}]}),
        ),
        (json!(null), json!({}), json!({"opinion": {"key": "k"}})),
        (json!(null), json!({"rule": [element]}), json!({"rule": [{"key": "k", "id": UNKNOWN}]})),
    ] {
        let prior = if prior.is_null() { Val::Null } else { value(&with(&prior)) };
        let (config, planned) = (value(&with(&config)), value(&with(&planned)));
        let broken = plan_valid::violations(&block(), &prior, &config, &planned);
        assert_eq!(broken, [""; 0], "{config:?}");
    }
}

/// That a plan breaks one rule, that one.
fn caught(prior: &Json, config: &Json, planned: &Json, rule: &str) {
    let prior = if prior.is_null() { Val::Null } else { value(&with(prior)) };
    let (config, planned) = (value(&with(config)), value(&with(planned)));
    let broken = plan_valid::violations(&block(), &prior, &config, &planned);
    assert_eq!(broken.len(), 1, "{rule}: {broken:?}");
    assert!(broken[0].starts_with(rule), "{rule}: {broken:?}");
}

#[test]
fn a_plan_that_breaks_a_rule_is_caught() {
    let element = json!({"key": "k"});
    let other = json!({"key": "other"});
    for (prior, config, planned, rule) in [
        (json!(null), json!({}), json!({"note": "x"}), ".note: is not configured"),
        (json!({"note": "x"}), json!({}), json!({"note": "x"}), ".note: is not configured"),
        (json!(null), json!({"note": "x"}), json!({"note": "y"}), ".note: is String"),
        (json!({"note": "z"}), json!({"note": "x"}), json!({"note": "y"}), ".note: is String"),
        (json!(null), json!({"note": "x"}), json!({}), ".note: is String"),
        (json!(null), json!({"note": "x"}), json!({"note": UNKNOWN}), ".note: is String"),
        (json!(null), json!({"note": UNKNOWN}), json!({"note": "x"}), ".note: is Unknown"),
        (json!(null), json!({"size": "x"}), json!({"size": "y"}), ".size: is String"),
        (json!(null), json!({"secret": "s"}), json!({"secret": "s"}), ".secret: a write-only"),
        (json!(null), json!({"texts": ["a"]}), json!({"texts": ["b"]}), ".texts: is List"),
        (json!(null), json!({"any": 1}), json!({"any": "1"}), ".any: is Dynamic"),
        (json!(null), json!({"single": element}), json!({}), ".single: is configured, and planned"),
        (json!(null), json!({}), json!({"single": element}), ".single: is not configured"),
        (
            json!(null),
            json!({"single": element}),
            json!({"single": UNKNOWN}),
            ".single: is configured, and planned as unknown",
        ),
        (json!(null), json!({"single": element}), json!({"single": other}), ".single.key"),
        (json!(null), json!({"list": UNKNOWN}), json!({"list": [element]}), ".list: is unknown"),
        (json!(null), json!({"list": [element]}), json!({"list": []}), ".list: 1 elements"),
        (
            json!(null),
            json!({"list": [element]}),
            json!({"list": [UNKNOWN]}),
            ".list[0]: an element",
        ),
        (json!(null), json!({"list": [element]}), json!({"list": [other]}), ".list[0].key"),
        (
            json!(null),
            json!({"list": [element]}),
            json!({"list": [null]}),
            ".list[0]: is configured",
        ),
        (
            json!(null),
            json!({"map": {"m": element}}),
            json!({"map": {"n": element}}),
            ".map: the elements [\"m\"]",
        ),
        (
            json!(null),
            json!({"map": {"m": element}}),
            json!({"map": {"m": other}}),
            ".map[\"m\"].key",
        ),
        (
            json!(null),
            json!({"set": [element]}),
            json!({"set": [element, other]}),
            ".set: 1 elements",
        ),
        (
            json!(null),
            json!({"set": [element, other]}),
            json!({"set": [element]}),
            ".set: 2 elements",
        ),
    ] {
        caught(&prior, &config, &planned, rule);
    }
}

#[test]
fn a_planned_block_that_breaks_a_rule_is_caught() {
    let element = json!({"key": "k"});
    let other = json!({"key": "other"});
    for (config, planned, rule) in [
        (json!({"one": element}), json!({}), ".one: is configured"),
        (json!({}), json!({"one": element}), ".one: is not configured"),
        (json!({"one": element}), json!({"one": other}), ".one.key"),
        (json!({"rule": [element]}), json!({"rule": []}), ".rule: 1 elements"),
        (json!({"rule": [element]}), json!({"rule": [other]}), ".rule[0].key"),
        (json!({"rule": [element]}), json!({"rule": UNKNOWN}), ".rule: a block is unknown"),
        (json!({"rule": [element]}), json!({"rule": [UNKNOWN]}), ".rule[0]: a block is"),
        (json!({"rule": UNKNOWN}), json!({"rule": [element]}), ".rule: an unknown"),
        (json!({"rules": [element]}), json!({"rules": [UNKNOWN]}), ".rules: a block is"),
        (json!({"keyed": {"a": element}}), json!({"keyed": {}}), ".keyed: the elements"),
    ] {
        caught(&json!(null), &config, &planned, rule);
    }
    let there = value(&json!({"name": "n"}));
    let mut no_blocks = there.clone();
    if let Val::Map(object) = &mut no_blocks {
        object.insert("rule".into(), Val::Null);
    }
    for (config, planned, rule) in [
        (&there, &Val::Null, ": is configured, and planned for absence"),
        (&Val::Null, &there, ": is not configured, and planned to exist"),
        (&there, &no_blocks, ".rule: no repeated blocks are null"),
    ] {
        let broken = plan_valid::violations(&block(), &Val::Null, config, planned);
        assert_eq!(broken.len(), 1, "{broken:?}");
        assert!(broken[0].starts_with(rule), "{broken:?}");
    }
}

#[test]
fn a_result_that_keeps_the_plan_is_consistent() {
    for (planned, actual) in [
        (json!({"id": UNKNOWN, "single": UNKNOWN}), json!({"id": "1", "single": {"key": "k"}})),
        (json!({"id": UNKNOWN}), json!({})),
        (json!({"texts": ["a", UNKNOWN]}), json!({"texts": ["a", "b"]})),
        (json!({"set": [{"key": UNKNOWN}, {"key": "a"}]}), json!({"set": [{"key": "a"}]})),
        (json!({"rule": UNKNOWN}), json!({"rule": [{"key": "a"}, {"key": "b"}]})),
        (json!({"any": {"x": UNKNOWN}}), json!({"any": {"x": "y"}})),
    ] {
        let [planned, actual] = [planned, actual].map(|json| value(&with(&json)));
        assert_eq!(compatible::violations(&block(), &planned, &actual), [""; 0]);
    }
}

#[test]
fn a_result_that_breaks_the_plan_is_caught() {
    let element = json!({"key": "k"});
    for (planned, actual, rule) in [
        (json!({"note": "x"}), json!({"note": "y"}), ".note: was String"),
        (json!({"note": "x"}), json!({}), ".note: was String"),
        (json!({}), json!({"note": "x"}), ".note: was Null"),
        (json!({"note": "x"}), json!({"note": UNKNOWN}), ".note: was known"),
        (json!({"texts": ["a"]}), json!({"texts": ["a", "b"]}), ".texts: was List"),
        (json!({"labels": {"a": "1"}}), json!({"labels": {}}), ".labels[\"a\"]: the element has"),
        (json!({"labels": {}}), json!({"labels": {"a": "1"}}), ".labels[\"a\"]: a new element"),
        (json!({"single": element}), json!({}), ".single: was Map"),
        (json!({"list": [element]}), json!({"list": [{"key": "l"}]}), ".list[0][\"key\"]: was"),
        (json!({"set": []}), json!({"set": [element]}), ".set: 0 elements became 1"),
        (json!({"set": [element]}), json!({"set": []}), ".set: the planned element"),
        (json!({"one": element}), json!({}), ".one: was present"),
        (json!({}), json!({"one": element}), ".one: was absent"),
        (json!({"rule": [element]}), json!({"rule": []}), ".rule: 1 blocks became 0"),
        (json!({"rule": [element]}), json!({"rule": [{"key": "l"}]}), ".rule[0].key: was"),
        (json!({"rules": [element]}), json!({"rules": [{"key": "l"}]}), ".rules: the planned"),
        (json!({"keyed": {"a": element}}), json!({"keyed": {}}), ".keyed[\"a\"]: the element"),
        (json!({"any": {"x": "y"}}), json!({"any": {"x": "z"}}), ".any[\"x\"]: was"),
    ] {
        let [planned, actual] = [planned, actual].map(|json| value(&with(&json)));
        let broken = compatible::violations(&block(), &planned, &actual);
        assert!(broken.iter().any(|broken| broken.starts_with(rule)), "{rule}: {broken:?}");
    }
    let (there, gone) = (value(&json!({"name": "n"})), Val::Null);
    assert_eq!(
        compatible::violations(&block(), &there, &gone),
        [": was present, but is absent now"]
    );
    assert_eq!(
        compatible::violations(&block(), &gone, &there),
        [": was absent, but is present now"]
    );
}

#[test]
fn a_sensitive_value_is_not_shown_in_what_is_broken() {
    let mut block = block();
    block.attributes.get_mut("note").expect("it is there").sensitive = true;
    let [planned, actual] = ["hush", "hushed"].map(|note| value(&with(&json!({"note": note}))));
    let broken = compatible::violations(&block, &planned, &actual);
    assert_eq!(broken, [".note: inconsistent values for a sensitive attribute"]);
}

#[test]
fn a_path_counts_for_a_replace_only_where_something_differs() {
    let prior = value(&with(&json!({"note": "x", "list": [{"key": "k"}], "id": "1"})));
    let planned = value(&with(&json!({"note": "y", "list": [{"key": "k"}], "id": UNKNOWN})));
    let key = path([name("list"), Selector::ElementKeyInt(0), name("key")]);
    let counted = |prior: &Val, paths: &[proto::AttributePath]| {
        replace::counted(&block(), paths, prior, &planned)
    };
    let paths = [path([name("note")]), path([name("name")]), path([name("id")]), key];
    assert_eq!(counted(&prior, &paths).unwrap(), ["note", "id"]);
    // A changed write-only value is in neither.
    assert_eq!(counted(&prior, &[path([name("secret")])]).unwrap(), ["secret"]);
    assert_eq!(counted(&Val::Null, &paths).unwrap(), [""; 0]);
    for nowhere in [
        path([name("nothing")]),
        path([name("note"), name("deeper")]),
        path([name("list"), Selector::ElementKeyInt(1)]),
        path([name("set"), Selector::ElementKeyInt(0)]),
    ] {
        let error = counted(&prior, &[nowhere]).unwrap_err();
        assert!(error.contains("which is not there"), "{error}");
    }
}

#[test]
fn a_path_leads_somewhere_only_by_the_schema() {
    let index = || Selector::ElementKeyInt(0);
    let key = |key: &str| Selector::ElementKeyString(key.to_owned());
    for good in [
        path([]),
        path([name("note")]),
        path([name("list"), index(), name("key")]),
        path([name("map"), key("m"), name("key")]),
        path([name("labels"), key("a b")]),
        path([name("rule"), index(), name("id")]),
        path([name("any"), index(), name("whatever")]),
        path([name("set")]),
    ] {
        assert!(replace::leads_somewhere(&block(), &good), "{}", replace::show(&good));
    }
    for bad in [
        path([name("key")]),
        path([name("list"), name("key")]),
        path([name("list"), key("m")]),
        path([name("map"), index()]),
        path([name("set"), index()]),
        path([name("note"), name("x")]),
    ] {
        assert!(!replace::leads_somewhere(&block(), &bad), "{}", replace::show(&bad));
    }
}

#[test]
fn core_proposes_the_configuration_with_what_was_computed() {
    let prior = value(&with(&json!({
        "id": "1",
        "size": "small",
        "note": "old",
        "single": {"key": "s", "id": "s1"},
        "list": [{"key": "l", "id": "l1"}],
        "map": {"m": {"key": "m", "id": "m1"}},
        "set": [{"key": "a", "id": "a1"}, {"key": "b", "id": "b1"}],
        "opinion": {"key": "configured before"},
        "rule": [{"key": "r", "id": "r1"}],
    })));
    let config = value(&with(&json!({
        "secret": "s",
        "single": {"key": "s"},
        "list": [{"key": "other"}, {"key": "new"}],
        "map": {"n": {"key": "m"}},
        "set": [{"key": "b"}, {"key": "c"}],
        "rule": [{"key": "r"}],
    })));
    let proposed = proposed::proposed(&block(), &prior, &config);
    let expected = value(&with(&json!({
        "id": "1",
        "size": "small",
        "single": {"key": "s", "id": "s1"},
        "list": [{"key": "other", "id": "l1"}, {"key": "new"}],
        "map": {"n": {"key": "m"}},
        "set": [{"key": "b", "id": "b1"}, {"key": "c"}],
        "rule": [{"key": "r", "id": "r1"}],
    })));
    assert_eq!(proposed, expected);
    assert_eq!(proposed::proposed(&block(), &Val::Null, &config).get("id"), &Val::Null);
    assert_eq!(proposed::proposed(&block(), &prior, &Val::Null), Val::Null);
}
