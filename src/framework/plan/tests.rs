//! The plan engine as tables: one row a situation.

use super::*;
use crate::framework::schema::{Presence, Same};
use crate::framework::ty::Type;

fn attr(name: &'static str, presence: Presence) -> Attribute {
    let mut attr = Attribute::new(name, "", Kind::Plain(Type::String));
    attr.presence = presence;
    attr
}

/// A schema with one attribute of every kind that is planned differently.
fn schema() -> Vec<Attribute> {
    let mut name = attr("name", Presence::Required);
    name.replace = Replace::Always;
    let mut size = attr("size", Presence::OptionalComputed);
    size.default = Some("small".into());
    let mut arn = attr("arn", Presence::Computed);
    arn.stable = true;
    let mut secret = attr("secret", Presence::Optional);
    secret.write_only = true;
    let mut time = attr("time", Presence::Optional);
    time.same = Same::Text(|a, b| a.trim_end_matches("0s") == b.trim_end_matches("0s"));
    let zone = {
        let mut zone = attr("zone", Presence::OptionalComputed);
        zone.replace = Replace::IfConfigured;
        zone
    };
    let inner = || vec![attr("key", Presence::Required), attr("id", Presence::Computed)];
    vec![
        name,
        size,
        arn,
        attr("status", Presence::Computed),
        secret,
        time,
        zone,
        Attribute::new("list", "", Kind::Nested(Nesting::List, inner())),
        Attribute::new("set", "", Kind::Nested(Nesting::Set, inner())),
        Attribute::new("map", "", Kind::Nested(Nesting::Map, inner())),
    ]
}

fn object<const N: usize>(attributes: [(&str, Value); N]) -> Value {
    attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A whole configuration or state: what is not given is null.
fn whole<const N: usize>(attributes: [(&str, Value); N]) -> Value {
    let mut value = crate::framework::schema::empty(&schema());
    for (name, attribute) in attributes {
        value.set(name, attribute);
    }
    value
}

fn element(key: &str, id: Value) -> Value {
    object([("key", key.into()), ("id", id)])
}

fn list<const N: usize>(values: [Value; N]) -> Value {
    values.into_iter().collect()
}

fn prior() -> Value {
    whole([
        ("name", "a".into()),
        ("size", "small".into()),
        ("arn", "arn:1".into()),
        ("status", "ok".into()),
        ("zone", "z1".into()),
        ("time", "5m".into()),
        ("list", list([element("x", "1".into()), element("y", "2".into())])),
        ("set", list([element("x", "1".into()), element("y", "2".into())])),
    ])
}

fn config() -> Value {
    whole([
        ("name", "a".into()),
        ("time", "5m".into()),
        ("list", list([element("x", Value::Null), element("y", Value::Null)])),
        ("set", list([element("x", Value::Null), element("y", Value::Null)])),
    ])
}

#[test]
fn a_create_plans_defaults_and_leaves_the_providers_own_unknown() {
    let planned = plan(&schema(), None, &whole([("name", "a".into()), ("secret", "s".into())]));
    assert_eq!(
        planned.value,
        whole([
            ("name", "a".into()),
            ("size", "small".into()),
            ("arn", Value::Unknown),
            ("status", Value::Unknown),
            ("zone", Value::Unknown),
        ])
    );
    assert_eq!(planned.replace, []);
}

#[test]
fn nothing_changed_is_planned_as_the_state_itself() {
    let planned = plan(&schema(), Some(&prior()), &config());
    assert_eq!(planned, Planned { value: prior(), replace: vec![] });
}

#[test]
fn another_spelling_of_the_same_is_no_change() {
    let mut config = config();
    config.set("time", "5m0s".into());
    assert_eq!(plan(&schema(), Some(&prior()), &config).value, prior());
}

#[test]
fn an_update_keeps_what_is_stable_and_asks_anew_for_the_rest() {
    let mut config = config();
    config.set("size", "large".into());
    let planned = plan(&schema(), Some(&prior()), &config).value;
    assert_eq!(planned.get("size"), &"large".into());
    assert_eq!(planned.get("arn"), &"arn:1".into());
    assert_eq!(planned.get("status"), &Value::Unknown);
    assert_eq!(planned.get("zone"), &Value::Unknown);
    // By index, a computed part of an element is asked for anew as well.
    assert_eq!(
        planned.get("list"),
        &list([element("x", Value::Unknown), element("y", Value::Unknown)])
    );
    assert_eq!(planned.get("set"), prior().get("set"));
}

#[test]
fn a_changed_key_makes_a_new_object() {
    let mut changed = config();
    changed.set("name", "b".into());
    assert_eq!(plan(&schema(), Some(&prior()), &changed).replace, [Path::attribute("name")]);
}

#[test]
fn replace_if_configured_is_for_what_is_configured() {
    let mut changed = config();
    changed.set("time", "6m".into());
    assert_eq!(plan(&schema(), Some(&prior()), &changed).replace, []);
    changed.set("zone", "z2".into());
    assert_eq!(plan(&schema(), Some(&prior()), &changed).replace, [Path::attribute("zone")]);
}

#[test]
fn an_unknown_in_the_configuration_stays_unknown() {
    let mut changed = config();
    changed.set("time", Value::Unknown);
    changed.set("list", Value::Unknown);
    let planned = plan(&schema(), Some(&prior()), &changed).value;
    assert_eq!(planned.get("time"), &Value::Unknown);
    assert_eq!(planned.get("list"), &Value::Unknown);
}

#[test]
fn elements_of_a_set_keep_what_was_computed_for_them() {
    let mut changed = config();
    changed.set("set", list([element("w", Value::Null), element("y", Value::Null)]));
    let planned = plan(&schema(), Some(&prior()), &changed).value;
    assert_eq!(planned.get("set"), &list([element("w", Value::Unknown), element("y", "2".into())]));
}

#[test]
fn what_was_planned_and_known_is_what_is_kept_after_an_apply() {
    let planned = plan(&schema(), None, &config()).value;
    let mut actual = prior();
    actual.set("time", "5m0s".into());
    actual.set("secret", "never kept".into());
    let settled = settle(&schema(), &planned, actual);
    assert_eq!(settled, prior());
    assert!(settled.is_wholly_known());
}

#[test]
fn nothing_write_only_is_kept_of_an_answer() {
    let mut secret = attr("secret", Presence::Optional);
    secret.write_only = true;
    let inner = vec![attr("key", Presence::Required), secret, attr("id", Presence::Computed)];
    for nesting in [Nesting::Single, Nesting::List, Nesting::Map] {
        let mut nested = Attribute::new("x", "", Kind::Nested(nesting, inner.clone()));
        nested.presence = Presence::OptionalComputed;
        let holding = |secret: Value, id: Value| {
            let element = object([("key", "k".into()), ("secret", secret), ("id", id)]);
            let value = match nesting {
                Nesting::Single => element,
                Nesting::Map => object([("a", element)]),
                _ => [element].into_iter().collect(),
            };
            object([("x", value)])
        };
        let answered = holding("hunter2".into(), "1".into());
        for planned in [object([("x", Value::Unknown)]), holding(Value::Null, Value::Unknown)] {
            let settled = settle(&[nested.clone()], &planned, answered.clone());
            assert_eq!(settled, holding(Value::Null, "1".into()), "{nesting:?}: {planned:?}");
        }
    }
}

#[test]
fn elements_that_came_or_went_show_at_the_next_refresh_only() {
    let list = |elements: &[(&str, Value)]| -> Value {
        elements.iter().map(|(key, id)| element(key, id.clone())).collect()
    };
    let unsure = list(&[("a", Value::Unknown), ("b", Value::Unknown)]);
    let (one, two, none) = (|| "1".into(), || "2".into(), || Value::Null);
    for (name, answered, kept) in [
        ("list", list(&[("a", one()), ("b", two())]), list(&[("a", one()), ("b", two())])),
        ("list", list(&[("a", one())]), list(&[("a", none()), ("b", none())])),
        ("list", Value::Null, list(&[("a", none()), ("b", none())])),
        ("set", list(&[("b", two()), ("a", one())]), list(&[("a", one()), ("b", two())])),
        ("set", list(&[("b", two())]), list(&[("a", none()), ("b", two())])),
        ("set", list(&[("b", two()), ("x", one())]), list(&[("a", none()), ("b", two())])),
        ("set", Value::Null, list(&[("a", none()), ("b", none())])),
    ] {
        let (planned, answered) =
            (whole([(name, unsure.clone())]), whole([(name, answered.clone())]));
        let settled = settle(&schema(), &planned, answered.clone());
        assert_eq!(settled.get(name), &kept, "{name}: {answered:?}");
    }
    let of = |key: &str, id| object([(key, element(key, id))]);
    let planned = whole([("map", of("a", Value::Unknown))]);
    let answered = whole([("map", of("b", one()))]);
    assert_eq!(settle(&schema(), &planned, answered).get("map"), &of("a", Value::Null));
}

#[test]
fn a_refresh_keeps_the_states_spelling_and_shows_real_drift() {
    let mut read = prior();
    read.set("time", "5m0s".into());
    read.set("map", Value::Object(Object::new()));
    assert_eq!(refresh(&schema(), &prior(), read.clone()), prior());
    read.set("size", "large".into());
    assert_eq!(refresh(&schema(), &prior(), read).get("size"), &"large".into());
}
