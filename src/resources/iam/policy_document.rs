//! Policy documents: whether two of them mean the same.
//!
//! IAM gives documents back in its own spelling: lists in another order, a list
//! of one as a plain text, an account as its root user, all of it percent
//! encoded. None of that is a change. The rules are those that users know from
//! the AWS provider, and two more that follow from how IAM evaluates policies:
//! the case of actions does not matter, nor does an element that stands twice.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json};

/// Whether two documents mean the same.
///
/// - Statements may be in any order, and one statement may stand alone instead
///   of in a list; so may the document itself. A blank text is `{}`.
/// - `Action`, `NotAction`, `Resource` and `NotResource` are sets, and so are the
///   values of conditions, in which `true` is `"true"` and `5` is `"5"`.
/// - Actions and effects are compared without regard to case; all else,
///   condition keys included, with it.
/// - A principal's account id is its root user's ARN. `"*"` is **not**
///   `{"AWS": "*"}`: IAM keeps them apart.
/// - An ARN is not the unique id of the role it names: IAM shows the id where
///   the role was deleted, and the policy must be written again.
///
/// Texts that are no documents are the same only when they are equal.
pub fn equivalent(a: &str, b: &str) -> bool {
    a == b || matches!((Document::parse(a), Document::parse(b)), (Some(a), Some(b)) if a == b)
}

/// A document as IAM's calls return it, with the percent encoding of RFC 3986
/// taken off (a `+` stands for itself).
///
/// # Errors
/// When what is behind the encoding is not UTF-8.
pub fn decode(encoded: &str) -> Result<String, String> {
    let decoded = percent_decode_str(encoded).decode_utf8();
    decoded.map(Into::into).map_err(|error| format!("a policy document is not UTF-8: {error}"))
}

/// The meaning of a document: equal for equivalent ones.
#[derive(Debug, PartialEq, Eq)]
struct Document {
    /// Sorted; a statement that stands twice counts twice.
    statements: Vec<Statement>,
    /// `Version`, `Id` and what is not known here.
    others: Map<String, Json>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Statement {
    /// `Effect`, and what the statement is about: actions, resources.
    sets: BTreeMap<String, BTreeSet<String>>,
    /// By `Principal` or `NotPrincipal`.
    principals: BTreeMap<String, Principal>,
    /// By operator and key.
    conditions: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// `Sid` and what is not known here, each as JSON.
    others: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Principal {
    /// `"*"`.
    Text(String),
    /// By type: `AWS`, `Service`, `Federated`.
    Typed(BTreeMap<String, BTreeSet<String>>),
}

impl Document {
    fn parse(text: &str) -> Option<Self> {
        let json = if text.trim().is_empty() {
            Json::Object(Map::new())
        } else {
            serde_json::from_str(text).ok()?
        };
        let Json::Object(mut others) = unwrap_one(json) else { return None };
        let mut statements = match others.remove("Statement") {
            None => Vec::new(),
            Some(Json::Array(statements)) => {
                statements.into_iter().map(Statement::read).collect::<Option<_>>()?
            }
            Some(one) => vec![Statement::read(one)?],
        };
        statements.sort();
        for texts in ["Version", "Id"] {
            if others.get(texts).is_some_and(|text| text == "") {
                others.remove(texts);
            }
        }
        Some(Self { statements, others })
    }
}

impl Statement {
    fn read(json: Json) -> Option<Self> {
        let Json::Object(members) = json else { return None };
        let mut statement = Self {
            sets: BTreeMap::new(),
            principals: BTreeMap::new(),
            conditions: BTreeMap::new(),
            others: BTreeMap::new(),
        };
        for (name, value) in members {
            match name.as_str() {
                "Effect" | "Action" | "NotAction" => {
                    let set = texts(value)?.into_iter().map(|text| text.to_lowercase()).collect();
                    statement.sets.insert(name, set);
                }
                "Resource" | "NotResource" => {
                    statement.sets.insert(name, texts(value)?);
                }
                "Principal" | "NotPrincipal" => {
                    statement.principals.insert(name, Principal::read(value)?);
                }
                "Condition" => statement.conditions = conditions(value)?,
                "Sid" if value == "" => {}
                _ => {
                    statement.others.insert(name, value.to_string());
                }
            }
        }
        // An empty list says as little as none.
        statement.sets.retain(|_, set| !set.is_empty());
        Some(statement)
    }
}

impl Principal {
    fn read(json: Json) -> Option<Self> {
        match json {
            Json::String(text) => Some(Self::Text(text)),
            Json::Object(types) => {
                let mut sets = BTreeMap::new();
                for (name, value) in types {
                    let mut set = texts(value)?;
                    if name == "AWS" {
                        set = set.into_iter().map(|text| account_of_root(&text)).collect();
                    }
                    if !set.is_empty() {
                        sets.insert(name, set);
                    }
                }
                Some(Self::Typed(sets))
            }
            _ => None,
        }
    }
}

/// `123456789012` for `arn:aws:iam::123456789012:root`; all else as it is.
fn account_of_root(principal: &str) -> String {
    let account = match principal.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "iam", "", account, "root"] => account,
        _ => principal,
    };
    account.to_owned()
}

fn conditions(json: Json) -> Option<BTreeMap<String, BTreeMap<String, BTreeSet<String>>>> {
    let Json::Object(operators) = json else { return None };
    let of_operator = |keys: Json| {
        let Json::Object(keys) = keys else { return None };
        keys.into_iter().map(|(key, values)| Some((key, texts(values)?))).collect()
    };
    operators.into_iter().map(|(name, keys)| Some((name, of_operator(keys)?))).collect()
}

/// A text, or several: `"a"` is `["a"]`. Numbers and truth values are texts too.
fn texts(json: Json) -> Option<BTreeSet<String>> {
    let text = |json| match json {
        Json::String(text) => Some(text),
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    };
    match json {
        Json::Array(elements) => elements.into_iter().map(text).collect(),
        one => text(one).map(|one| BTreeSet::from([one])),
    }
}

/// `x` for `[x]`.
fn unwrap_one(json: Json) -> Json {
    match json {
        Json::Array(mut elements) if elements.len() == 1 => elements.remove(0),
        other => other,
    }
}

#[cfg(test)]
mod tests;
