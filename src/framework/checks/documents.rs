//! JSON documents.

use serde_json::Value as Json;

use super::{Check, ensure};

/// A JSON document of any kind.
pub fn json(value: &str) -> Check {
    parse(value).map(drop)
}

/// A JSON document that is an object.
pub fn json_object(value: &str) -> Check {
    let document = parse(value)?;
    ensure(document.is_object(), || {
        format!("{} is given where a JSON object is asked for", kind(&document))
    })
}

/// The shape that every policy document of AWS has: an object with a
/// `Statement` of one or more objects, each of which allows or denies.
///
/// What may stand in a statement depends on the kind of policy; that is left
/// to AWS.
pub fn policy_document(value: &str) -> Check {
    let document = parse(value)?;
    let Json::Object(document) = &document else {
        return Err(format!("{} is given where a policy document is asked for", kind(&document)));
    };
    if let Some(version) = document.get("Version") {
        ensure(matches!(version.as_str(), Some("2012-10-17" | "2008-10-17")), || {
            format!("the Version of a policy document is \"2012-10-17\", not {version}")
        })?;
    }
    let statements = match document.get("Statement") {
        None => return Err(NO_STATEMENT.to_owned()),
        Some(Json::Array(statements)) => statements.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    ensure(!statements.is_empty(), || NO_STATEMENT.to_owned())?;
    for (index, statement) in statements.iter().enumerate() {
        let Json::Object(statement) = statement else {
            return Err(format!("statement {index} is {}, not an object", kind(statement)));
        };
        let effect = statement.get("Effect").and_then(Json::as_str);
        ensure(matches!(effect, Some("Allow" | "Deny")), || {
            format!("the Effect of statement {index} is neither \"Allow\" nor \"Deny\"")
        })?;
        let actions = ["Action", "NotAction"].map(|key| statement.contains_key(key));
        ensure(actions[0] != actions[1], || {
            format!("statement {index} needs an Action or a NotAction, not both")
        })?;
    }
    Ok(())
}

const NO_STATEMENT: &str = "a policy document needs a Statement";

fn parse(value: &str) -> Result<Json, String> {
    // The document may be long: say where it is broken, not what it is.
    serde_json::from_str(value)
        .map_err(|error| format!("not valid JSON ({error}); use jsonencode(...)"))
}

fn kind(document: &Json) -> &'static str {
    match document {
        Json::Null => "null",
        Json::Bool(_) => "a truth value",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::tests::{accepts, refuses};

    #[test]
    fn any_document() {
        accepts(json, &["null", "1", "\"a\"", "[]", " {\"a\": [1, 2.5e300]} "]);
        refuses(json, &["", "{", "{a: 1}", "{} {}", "'a'", "yes"]);
        assert_eq!(
            json("{\"a\": }").unwrap_err(),
            "not valid JSON (expected value at line 1 column 7); use jsonencode(...)"
        );
    }

    #[test]
    fn an_object_and_nothing_else() {
        accepts(json_object, &["{}", "{\"a\":null}"]);
        refuses(json_object, &["[]", "null", "\"{}\"", ""]);
        assert_eq!(
            json_object("[]").unwrap_err(),
            "a list is given where a JSON object is asked for"
        );
    }

    #[test]
    fn a_policy_document_allows_or_denies_something() {
        let allow = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
        accepts(
            policy_document,
            &[
                &format!(r#"{{"Version":"2012-10-17","Statement":[{allow},{allow}]}}"#),
                &format!(r#"{{"Statement":{allow}}}"#),
                r#"{"Statement":[{"Effect":"Deny","NotAction":["a:b"],"Principal":"*"}]}"#,
            ],
        );
        for (document, rule) in [
            ("[]", "a list is given where a policy document is asked for"),
            ("{}", NO_STATEMENT),
            (r#"{"Statement":[]}"#, NO_STATEMENT),
            (
                r#"{"Version":"2012-10-18","Statement":{}}"#,
                "the Version of a policy document is \"2012-10-17\", not \"2012-10-18\"",
            ),
            (r#"{"Statement":["x"]}"#, "statement 0 is a text, not an object"),
            (
                r#"{"Statement":{"Effect":"allow","Action":"a"}}"#,
                "the Effect of statement 0 is neither \"Allow\" nor \"Deny\"",
            ),
            (
                r#"{"Statement":{"Effect":"Allow"}}"#,
                "statement 0 needs an Action or a NotAction, not both",
            ),
            (
                r#"{"Statement":{"Effect":"Allow","Action":"a","NotAction":"b"}}"#,
                "statement 0 needs an Action or a NotAction, not both",
            ),
        ] {
            assert_eq!(policy_document(document), Err(rule.to_owned()), "{document}");
        }
    }
}
