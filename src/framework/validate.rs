//! Checks of a configuration that follow from the schema alone.

use super::diagnostics::Diagnostics;
use super::model::Model;
use super::path::Path;
use super::schema::{Attribute, Check, Kind, Nesting, Presence};
use super::value::Value;

/// Checks a configuration: each attribute, and when all are right by themselves,
/// the `rules` across them, which may rely on that.
pub fn checked(
    attributes: &[Attribute],
    config: &Value,
    rules: impl FnOnce(&mut Diagnostics),
) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    validate(attributes, config, &mut diagnostics);
    if !diagnostics.has_errors() {
        rules(&mut diagnostics);
    }
    diagnostics
}

/// Checks the rules of a configuration that is a struct.
pub fn typed<M: Model>(
    config: &Value,
    diagnostics: &mut Diagnostics,
    rules: impl FnOnce(&M, &mut Diagnostics),
) {
    match M::from_value(config.clone()) {
        Ok(config) => rules(&config, diagnostics),
        Err(error) => diagnostics.error(&error),
    }
}

/// Checks every known part of a configuration; unknown parts pass.
pub fn validate(attributes: &[Attribute], config: &Value, diagnostics: &mut Diagnostics) {
    block(attributes, config, &Path::root(), diagnostics);
}

/// Checks every known part of a value that is at a path of the configuration.
pub fn validate_at(
    attributes: &[Attribute],
    config: &Value,
    at: &Path,
    diagnostics: &mut Diagnostics,
) {
    block(attributes, config, at, diagnostics);
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
                let broken = if attr.sensitive { without_secret(&broken, text) } else { broken };
                report(path, &broken, diagnostics);
            }
        }
        (Check::OneOf(allowed), Value::String(text)) if !allowed.contains(&text.as_str()) => {
            let allowed = allowed.join(", ");
            let shown = if attr.sensitive { HIDDEN } else { &format!("{text:?}") };
            report(path, &format!("{shown} is not one of: {allowed}"), diagnostics);
        }
        (Check::Range(least, most), Value::Number(number)) => {
            let shown = if attr.sensitive { HIDDEN } else { &number.to_string() };
            match number.as_i64() {
                None => report(path, &format!("{shown} is not a whole number"), diagnostics),
                Some(int) if !(least..=most).contains(&int) => {
                    let rule = format!("{shown} is not between {least} and {most}");
                    report(path, &rule, diagnostics);
                }
                Some(_) => {}
            }
        }
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

/// What stands in a message for a secret.
const HIDDEN: &str = "(sensitive)";

/// What a rule says of a secret, without the secret.
///
/// Rules quote the text as it is or as `{text:?}` escapes it, trimmed perhaps, and some of them only
/// a part of it.
fn without_secret(broken: &str, secret: &str) -> String {
    /// As many characters of a secret in a row are no coincidence; fewer than [`FEW`] are in any
    /// sentence, and would show by where they are masked.
    const TELLING: usize = 8;
    const FEW: usize = 3;
    let texts = [secret, secret.trim()];
    let quoted = texts.map(|text| format!("{text:?}"));
    let escaped = quoted.each_ref().map(|quoted| &quoted[1..quoted.len() - 1]);
    // The longer first: escaping a text leaves parts of it as they are.
    let forms = [escaped[0], escaped[1], texts[0], texts[1]];
    let mut masked = broken.to_owned();
    for form in forms.into_iter().filter(|form| !form.is_empty()) {
        masked = masked.replace(form, HIDDEN);
    }
    let is_told = |form: &str| {
        let starts: Vec<usize> = form.char_indices().map(|(at, _)| at).collect();
        let ends = starts.iter().skip(TELLING).copied().chain([form.len()]);
        let mut parts = starts.iter().zip(ends).map(|(start, end)| &form[*start..end]);
        parts.any(|part| masked.contains(part))
    };
    let few = texts[1].chars().count() < FEW && masked != broken;
    if few || forms.into_iter().any(is_told) {
        return format!("{HIDDEN} is not what is expected here");
    }
    masked
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

    fn secret(rule: fn(&str) -> Result<(), String>, text: &str) -> String {
        let mut attr = Attribute::new("token", "", Kind::Plain(Type::String));
        attr.sensitive = true;
        attr.checks.push(Check::Text(rule));
        let mut found = check(attr, text.into());
        assert_eq!(found.len(), 1);
        let found = found.remove(0).1;
        let rule = found.strip_prefix("The value of token breaks a rule: ");
        rule.unwrap_or_else(|| panic!("{found}")).to_owned()
    }

    #[test]
    fn the_text_of_a_secret_does_not_come_back() {
        let plain = |text: &str| Err(format!("{text} is too short"));
        assert_eq!(secret(plain, "hunter2"), "(sensitive) is too short.");
        assert_eq!(secret(plain, "two\nlines"), "(sensitive) is too short.");
        // An empty text is in every place of a message.
        assert_eq!(secret(|_| Err("it is empty".into()), ""), "it is empty.");
        // So is one letter.
        assert_eq!(secret(plain, "o"), "(sensitive) is not what is expected here.");
    }

    #[test]
    fn the_text_of_a_secret_does_not_come_back_escaped() {
        let quoted = |text: &str| Err(format!("{text:?} is too short"));
        for text in [
            "hunter2",
            "hun\"ter",
            "hun'ter",
            "h'u\nn",
            "hun\nter\n",
            "\\hunter",
            "hun\u{7}ter",
            "é",
        ] {
            let told = secret(quoted, text);
            let expected =
                ["\"(sensitive)\" is too short.", "(sensitive) is not what is expected here."];
            assert_eq!(told, expected[usize::from(text == "é")], "{text:?}");
        }
        let trimmed = |text: &str| Err(format!("{:?} is too short", text.trim()));
        assert_eq!(secret(trimmed, " hun\"ter\n"), "\"(sensitive)\" is too short.");
    }

    #[test]
    fn a_part_of_a_secret_does_not_come_back() {
        let host = |text: &str| Err(format!("the host {:?} is unknown", text.split('/').nth(2)));
        let url = "https://internal.example.com/x";
        assert_eq!(secret(host, url), "(sensitive) is not what is expected here.");
        let line = |text: &str| Err(format!("{:?} is no number", text.lines().next()));
        let hidden = "(sensitive) is not what is expected here.";
        assert_eq!(secret(line, "say \"friend\"\nand enter"), hidden);
    }

    #[test]
    fn no_other_rule_tells_a_secret_either() {
        let hidden = |kind: Type, rule: Check, value: Value| {
            let mut attr = Attribute::new("pin", "", Kind::Plain(kind));
            attr.sensitive = true;
            attr.checks.push(rule);
            check(attr, value).remove(0).1
        };
        assert_eq!(
            hidden(Type::String, Check::OneOf(&["a", "b"]), "hunter2".into()),
            "The value of pin breaks a rule: (sensitive) is not one of: a, b."
        );
        assert_eq!(
            hidden(Type::Number, Check::Range(1, 2), 4711.into()),
            "The value of pin breaks a rule: (sensitive) is not between 1 and 2."
        );
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
