//! The `config` of a step against what the step takes.
//!
//! Any value may be an expression, of which nobody knows what it comes to.

use super::fields::{Fields, plain};
use crate::framework::checks::Findings;
use crate::framework::{Path, Value};

/// What a configuration, or a part of it, takes.
#[derive(Debug)]
pub enum Takes {
    /// Text.
    Text,
    /// Text that is not empty.
    Filled,
    /// Text that passes a rule.
    Fits(fn(&str) -> Result<(), String>),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// True or false.
    Bool,
    /// A whole number that is at least this.
    Count(i64),
    /// An object of texts.
    Texts,
    /// An object of anything, with at least one key.
    Anything,
    /// A value of any type.
    Whatever,
    /// An object of a shape.
    Object(&'static Shape),
    /// A list with at least so many elements, each of this.
    List(usize, &'static Takes),
}

/// The shape of an object.
#[derive(Debug)]
pub struct Shape {
    /// The keys that it may have.
    pub keys: &'static [Key],
    /// Rules across the keys.
    pub rules: &'static [Rule],
}

/// A key of an object.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// What it takes.
    pub takes: Takes,
}

/// A rule across the keys of an object. An empty text and a false count as
/// nothing.
#[derive(Debug)]
pub enum Rule {
    /// At most one of them is there.
    AtMostOne(&'static [&'static str]),
    /// Exactly one of them is there.
    ExactlyOne(&'static [&'static str]),
    /// At least one of them is there.
    AtLeastOne(&'static [&'static str]),
    /// Where the first is there, the second is.
    Needs(&'static str, &'static str),
}

/// Checks a configuration; `null` is one without keys.
pub(super) fn check(config: &Value, takes: &Takes, path: &Path, findings: &mut Findings) {
    static NOTHING: std::sync::LazyLock<Value> =
        std::sync::LazyLock::new(|| Value::Object(crate::framework::Object::new()));
    let config = if plain(config).is_null() { &*NOTHING } else { config };
    value(config, takes, path, findings);
}

fn value(given: &Value, takes: &Takes, path: &Path, findings: &mut Findings) {
    let given = plain(given);
    if is_open(given) {
        return;
    }
    match (takes, given) {
        (Takes::Whatever, _) | (Takes::Text, Value::String(_)) | (Takes::Bool, Value::Bool(_)) => {}
        (Takes::Filled, Value::String(text)) => {
            if text.is_empty() {
                findings.error(path.clone(), "it must not be empty");
            }
        }
        (Takes::Fits(rule), Value::String(text)) => {
            if let Err(rule) = rule(text) {
                findings.error(path.clone(), rule);
            }
        }
        (Takes::OneOf(allowed), Value::String(text)) => {
            if !allowed.contains(&text.as_str()) {
                let allowed = allowed.join(", ");
                findings.error(path.clone(), format!("{text:?} is not one of: {allowed}"));
            }
        }
        (Takes::Count(least), Value::Number(number)) => {
            if number.as_i64().is_none_or(|number| number < *least) {
                let rule = format!("{number} is not a whole number of at least {least}");
                findings.error(path.clone(), rule);
            }
        }
        (Takes::Texts, Value::Object(fields)) => {
            for (name, field) in fields {
                value(field, &Takes::Text, &path.field(name), findings);
            }
        }
        (Takes::Anything, Value::Object(fields)) => {
            if fields.is_empty() {
                findings.error(path.clone(), "it must have at least one key");
            }
        }
        (Takes::Object(shape), Value::Object(object)) => {
            shaped(&Fields { object, path: path.clone() }, shape, findings);
        }
        (Takes::List(least, of), Value::List(elements)) => {
            if elements.len() < *least {
                findings.error(path.clone(), "it must have at least one element");
            }
            for (index, element) in elements.iter().enumerate() {
                value(element, of, &path.index(index), findings);
            }
        }
        (takes, _) => findings.error(path.clone(), format!("it must be {}", wanted(takes))),
    }
}

fn shaped(object: &Fields<'_>, shape: &Shape, findings: &mut Findings) {
    for (name, field) in object.object {
        let at = object.path.field(name);
        match shape.keys.iter().find(|key| key.name == name) {
            Some(_) if plain(field).is_null() => {}
            Some(key) => value(field, &key.takes, &at, findings),
            None => unknown(name, shape, at, findings),
        }
    }
    for key in shape.keys.iter().filter(|key| key.required) {
        if object.get(key.name).is_null() {
            findings.error(object.path.field(key.name), "it is required");
        }
    }
    for rule in shape.rules {
        across(object, rule, findings);
    }
}

/// A key that Kargo 1.11 refuses when it comes to the step. One that is nearly
/// right is a mistake; any other may be of a newer Kargo.
fn unknown(name: &str, shape: &Shape, at: Path, findings: &mut Findings) {
    if let Some(meant) = shape.keys.iter().find(|key| is_near(name, key.name)) {
        findings.error(at, format!("{name:?} is not a key here; is {:?} meant?", meant.name));
        return;
    }
    let known: Vec<_> = shape.keys.iter().map(|key| key.name).collect();
    let known = known.join(", ");
    findings.warn(at, format!("{name:?} is not a key of Kargo 1.11, whose keys here are {known}"));
}

/// Whether a name is another one misspelled: in its case, in the separators, or
/// in one letter.
fn is_near(name: &str, known: &str) -> bool {
    let bare = |name: &str| -> Vec<char> {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let (name, known) = (bare(name), bare(known));
    if name == known {
        return true;
    }
    let same = name.iter().zip(&known).take_while(|(a, b)| a == b).count();
    let (a, b) = (&name[same..], &known[same..]);
    // One letter more, less, or another: the rest is the same. Of short names everything is near.
    known.len() > 4
        && (a.get(1..) == Some(b) || b.get(1..) == Some(a) || (a.get(1..) == b.get(1..)))
}

fn across(object: &Fields<'_>, rule: &Rule, findings: &mut Findings) {
    let is_set = |name: &&&str| match object.get(name) {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        given => !given.is_unknown(),
    };
    let counts = |names: &[&'static str]| {
        let set: Vec<_> = names.iter().filter(is_set).copied().collect();
        // What is not known, or an expression, may come to nothing.
        let open = names.iter().filter(|name| is_open(object.get(name))).count();
        (set, open)
    };
    let mut error = |rule: String| findings.error(object.path.clone(), rule);
    match rule {
        Rule::AtMostOne(names) => {
            let (set, _) = counts(names);
            let sure = set.iter().filter(|name| !is_open(object.get(name))).count();
            if sure > 1 {
                error(format!("it has {}, of which there may be one", set.join(" and ")));
            }
        }
        Rule::ExactlyOne(names) => {
            let (set, open) = counts(names);
            let sure = set.iter().filter(|name| !is_open(object.get(name))).count();
            if sure > 1 || (set.is_empty() && open == 0) {
                error(format!("it must have exactly one of {}", names.join(", ")));
            }
        }
        Rule::AtLeastOne(names) => {
            let (set, open) = counts(names);
            let empty = |name: &&str| match object.get(name) {
                Value::List(elements) => elements.is_empty(),
                Value::Object(fields) => fields.is_empty(),
                _ => false,
            };
            if open == 0 && set.iter().all(empty) {
                error(format!("it must have {}", names.join(" or ")));
            }
        }
        Rule::Needs(name, other) => {
            let (set, _) = counts(&[name]);
            let (others, open) = counts(&[other]);
            if !set.is_empty() && !is_open(object.get(name)) && others.is_empty() && open == 0 {
                error(format!("{name} needs {other} beside it"));
            }
        }
    }
}

/// Whether nobody knows yet what a value is: for being unknown, or an
/// expression.
fn is_open(value: &Value) -> bool {
    match value {
        Value::Unknown => true,
        Value::String(text) => text.contains("${{") || text.contains("${%"),
        _ => false,
    }
}

fn wanted(takes: &Takes) -> &'static str {
    match takes {
        Takes::Text | Takes::Filled | Takes::Fits(_) | Takes::OneOf(_) => {
            "a text; put it in quotes"
        }
        Takes::Bool => "true or false",
        Takes::Count(_) => "a whole number",
        Takes::Texts | Takes::Anything | Takes::Object(_) => "an object",
        Takes::Whatever => "a value",
        Takes::List(..) => "a list",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::runners::RUNNERS;
    use super::*;
    use crate::framework::Severity;
    use crate::framework::json::to_dynamic;

    /// What is found in the configuration of a step: path, mark of a warning, rule.
    fn found(step: &str, config: &Json) -> Vec<String> {
        let (_, takes) = RUNNERS.iter().find(|(name, _)| *name == step).expect("a step");
        let mut findings = Findings::default();
        let config = Value::Dynamic(Box::new(to_dynamic(config)));
        check(&config, takes, &Path::attribute("config"), &mut findings);
        let line = |found: crate::framework::checks::Finding| {
            let mark = if found.severity == Severity::Warning { "?" } else { "" };
            format!("{}{mark}: {}", found.path, found.rule)
        };
        findings.into_iter().map(line).collect()
    }

    #[test]
    fn what_kargo_s_documentation_shows_has_no_findings() {
        for (step, config) in [
            (
                "git-clone",
                json!({"repoURL": "https://x/y.git", "checkout": [
                    {"branch": "main", "path": "./src"},
                    {"commit": "${{ commitFrom(vars.repo).ID }}", "tag": "", "path": "./x"},
                ]}),
            ),
            ("git-push", json!({"path": "./src", "generateTargetBranch": false, "tag": "v1"})),
            (
                "argocd-update",
                json!({"apps": [{"name": "shop", "sources": [
                {"repoURL": "https://x", "helm": {"images": [{"key": "a", "value": "b"}]}},
                {"repoURL": "https://x", "updateTargetRevision": true, "desiredRevision": "v1"},
            ]}, {"selector": {"matchLabels": {"a": "b"}}}]}),
            ),
            ("compose-output", json!({"anything": [1, {}]})),
            ("fail", Json::Null),
            ("delete", json!({"paths": "${{ vars.paths }}"})),
            ("untar", json!({"inPath": "a", "outPath": "b", "stripComponents": "${{ vars.n }}"})),
            ("yaml-update", json!({"path": "a", "updates": [{"key": "a", "value": 2}]})),
            ("http", json!({"url": "https://x", "timeout": "5s", "headers": null})),
            (
                "kustomize-set-image",
                json!({"path": "a", "images": [{"image": "a", "tag": "${{ b }}"}]}),
            ),
        ] {
            assert_eq!(found(step, &config), [""; 0], "{step}");
        }
    }

    #[test]
    fn what_a_promotion_would_fail_on_is_an_error_at_its_key() {
        for (step, config, expected) in [
            (
                "git-clone",
                json!({"repo": "x"}),
                &[
                    "config.repo?: \"repo\" is not a key of Kargo 1.11",
                    "config.repoURL: it is required",
                    "config.checkout: it is required",
                ][..],
            ),
            (
                "git-clone",
                json!({"repoURL": 1, "checkout": []}),
                &[
                    "config.checkout: it must have at least one element",
                    "config.repoURL: it must be a text",
                ],
            ),
            ("git-clear", Json::Null, &["config.path: it is required"]),
            ("git-clear", json!("x"), &["config: it must be an object"]),
            (
                "git-push",
                json!({"path": "", "maxAttempts": 0, "provider": "gitub"}),
                &[
                    "config.maxAttempts: 0 is not a whole number of at least 1",
                    "config.path: it must not be empty",
                    "config.provider: \"gitub\" is not one of: azure",
                ],
            ),
            (
                "git-push",
                json!({"path": "x", "tag": "v1", "targetBranch": "b"}),
                &["config: it has targetBranch and tag, of which there may be one"],
            ),
            (
                "git-push",
                json!({"path": "x", "targetbranch": "b", "target_branch": "c", "targetBrnch": "d"}),
                &[
                    "config.targetBrnch: \"targetBrnch\" is not a key here",
                    "config.target_branch: \"target_branch\" is not a key here; is \"targetBranch\" meant?",
                    "config.targetbranch: \"targetbranch\" is not a key here",
                ],
            ),
            (
                "argocd-update",
                json!({"apps": [{"name": "a", "selector": {}}, {}]}),
                &[
                    "config.apps[0].selector: it must have matchLabels or matchExpressions",
                    "config.apps[0]: it must have exactly one of name, selector",
                    "config.apps[1]: it must have exactly one of name, selector",
                ],
            ),
            (
                "argocd-update",
                json!({"apps": [{"name": "a", "sources": [
                    {"repoURL": "x", "updateTargetRevision": true},
                ]}]}),
                &[
                    "config.apps[0].sources[0]: updateTargetRevision needs desiredRevision beside it",
                ],
            ),
            ("compose-output", json!({}), &["config: it must have at least one key"]),
            ("http", json!({"url": "x", "timeout": "soon"}), &["config.timeout: "]),
            (
                "oci-push",
                json!({"srcRef": "a:1", "destRef": "b:1", "annotations": {"a": 1}}),
                &["config.annotations.a: it must be a text"],
            ),
        ] {
            let found = found(step, &config);
            let begins = |(found, expected): (&String, &&str)| found.starts_with(*expected);
            let right = found.len() == expected.len() && found.iter().zip(expected).all(begins);
            assert!(right, "{step}: {found:#?}\nexpected {expected:#?}");
        }
    }

    #[test]
    fn only_what_is_nearly_a_key_is_taken_for_it() {
        for (name, known) in [
            ("repo_url", "repoURL"),
            ("Path", "path"),
            ("checkouts", "checkout"),
            ("mesage", "message"),
        ] {
            assert!(is_near(name, known), "{name}");
        }
        for (name, known) in
            [("paths", "path"), ("repo", "repoURL"), ("brand", "branch"), ("as", "tag")]
        {
            assert!(!is_near(name, known), "{name}");
        }
    }
}
