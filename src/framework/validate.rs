//! Checks of a configuration that follow from the schema alone.

use super::diagnostics::Diagnostics;
use super::path::Path;
use super::schema::{Attribute, Check, Kind, Nesting, Presence};
use super::value::Value;

/// Checks every known part of a configuration; unknown parts pass.
pub fn validate(attributes: &[Attribute], config: &Value, diagnostics: &mut Diagnostics) {
    block(attributes, config, &Path::root(), diagnostics);
}

fn block(attributes: &[Attribute], config: &Value, at: &Path, diagnostics: &mut Diagnostics) {
    for attr in attributes {
        let value = config.get(attr.name);
        let path = at.field(attr.name);
        if value.is_null() {
            // Core checks that it is there, and lets `= null` pass within nested attributes.
            if attr.presence == Presence::Required {
                diagnostics.invalid(
                    path.clone(),
                    "Missing required argument",
                    format!("The argument {path} is required."),
                );
            }
            continue;
        }
        for check in &attr.checks {
            apply(*check, attr, value, &path, diagnostics);
        }
        let Kind::Nested(nesting, inner) = &attr.kind else { continue };
        match (nesting, value) {
            (Nesting::Single, Value::Object(_)) => block(inner, value, &path, diagnostics),
            (Nesting::Map, Value::Object(elements)) => {
                for (key, element) in elements {
                    block_element(inner, element, &path.key(key), diagnostics);
                }
            }
            (Nesting::List, Value::List(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    block_element(inner, element, &path.index(index), diagnostics);
                }
            }
            // The protocol has no step into a set: point at the set itself.
            (Nesting::Set, Value::List(elements)) => {
                for element in elements {
                    let mut inside = Diagnostics::default();
                    block_element(inner, element, &Path::root(), &mut inside);
                    for mut found in inside {
                        found.detail = format!("In an element of {path}: {}", found.detail);
                        found.path = path.clone();
                        diagnostics.add(found);
                    }
                }
            }
            _ => {}
        }
    }
}

fn block_element(inner: &[Attribute], element: &Value, at: &Path, diagnostics: &mut Diagnostics) {
    match element {
        Value::Object(_) => block(inner, element, at, diagnostics),
        Value::Null => {
            diagnostics.invalid(at.clone(), "Null element", "Leave the element out instead.");
        }
        _ => {}
    }
}

fn apply(
    check: Check,
    attr: &Attribute,
    value: &Value,
    path: &Path,
    diagnostics: &mut Diagnostics,
) {
    match (check, value) {
        (Check::Text(rule), Value::String(text)) => {
            if let Err(broken) = rule(text) {
                // The text of a secret must not come back in a message.
                let broken = if attr.sensitive {
                    broken.replace(text.as_str(), "(sensitive)")
                } else {
                    broken
                };
                report(path, &broken, diagnostics);
            }
        }
        (Check::OneOf(allowed), Value::String(text)) if !allowed.contains(&text.as_str()) => {
            let allowed = allowed.join(", ");
            report(path, &format!("{text:?} is not one of: {allowed}"), diagnostics);
        }
        (Check::Range(least, most), Value::Number(number)) => match number.as_i64() {
            None => report(path, &format!("{number} is not a whole number"), diagnostics),
            Some(int) if !(least..=most).contains(&int) => {
                report(path, &format!("{int} is not between {least} and {most}"), diagnostics);
            }
            Some(_) => {}
        },
        (Check::Length(least, most), Value::List(_) | Value::Object(_)) => {
            let length = value.as_list().map(<[_]>::len);
            let length = length
                .or_else(|| value.as_object().map(std::collections::BTreeMap::len))
                .unwrap_or(0);
            if !(least..=most).contains(&length) {
                let wanted = if most == usize::MAX {
                    format!("at least {least}")
                } else {
                    format!("between {least} and {most}")
                };
                report(path, &format!("has {length} elements, expected {wanted}"), diagnostics);
            }
        }
        (Check::Text(_) | Check::OneOf(_) | Check::Range(..), Value::List(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                let path = match &attr.kind {
                    Kind::Plain(super::ty::Type::Set(_)) => path.clone(),
                    _ => path.index(index),
                };
                apply(check, attr, element, &path, diagnostics);
            }
        }
        (Check::Text(_) | Check::OneOf(_) | Check::Range(..), Value::Object(elements)) => {
            for (key, element) in elements {
                apply(check, attr, element, &path.key(key), diagnostics);
            }
        }
        _ => {}
    }
}

fn report(path: &Path, broken: &str, diagnostics: &mut Diagnostics) {
    diagnostics.invalid(
        path.clone(),
        format!("Invalid value for {path}"),
        format!("The value of {path} breaks a rule: {broken}."),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::ty::Type;

    fn check(attr: Attribute, value: Value) -> Vec<(String, String)> {
        let config = Value::from_iter([(attr.name.to_owned(), value)]);
        let mut diagnostics = Diagnostics::default();
        validate(&[attr], &config, &mut diagnostics);
        diagnostics.iter().map(|d| (d.path.to_string(), d.detail.clone())).collect()
    }

    #[test]
    fn a_broken_rule_is_reported_at_the_element_that_breaks_it() {
        let mut attr = Attribute::new("names", "", Kind::Plain(Type::String.list()));
        attr.checks.push(Check::OneOf(&["a", "b"]));
        let value = [Value::from("a"), "x".into(), Value::Unknown].into_iter().collect();
        assert_eq!(
            check(attr, value),
            [(
                "names[1]".into(),
                "The value of names[1] breaks a rule: \"x\" is not one of: a, b.".into()
            )]
        );
    }

    #[test]
    fn the_text_of_a_secret_does_not_come_back() {
        let mut attr = Attribute::new("token", "", Kind::Plain(Type::String));
        attr.sensitive = true;
        attr.checks.push(Check::Text(|text| Err(format!("{text} is too short"))));
        let found = check(attr, "hunter2".into());
        assert_eq!(found[0].1, "The value of token breaks a rule: (sensitive) is too short.");
    }

    #[test]
    fn what_is_required_inside_is_required() {
        let mut inner = Attribute::new("key", "", Kind::Plain(Type::String));
        inner.presence = Presence::Required;
        let attr = Attribute::new("map", "", Kind::Nested(Nesting::Map, vec![inner]));
        let element = Value::from_iter([("key".to_owned(), Value::Null)]);
        let value = Value::from_iter([("x".to_owned(), element)]);
        assert_eq!(check(attr, value)[0].0, "map[\"x\"].key");
    }

    #[test]
    fn unknown_passes() {
        let mut attr = Attribute::new("size", "", Kind::Plain(Type::Number));
        attr.checks.push(Check::Range(1, 2));
        assert_eq!(check(attr.clone(), Value::Unknown), []);
        assert_eq!(
            check(attr.clone(), 3.into())[0].1,
            "The value of size breaks a rule: 3 is not between 1 and 2."
        );
        assert_eq!(check(attr, 2.into()), []);
    }
}
