//! Tables of pairs, and properties of made-up documents.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::json;

use super::*;

/// Both ways round, since what is equivalent has no order.
fn both_ways(a: &str, b: &str) -> bool {
    let result = equivalent(a, b);
    assert_eq!(equivalent(b, a), result, "{a} and {b} must compare the same both ways");
    result
}

/// A document of one statement.
#[expect(clippy::needless_pass_by_value, reason = "tests read better with json!(...) inline")]
fn statement(members: Json) -> String {
    json!({"Version": "2012-10-17", "Statement": [members]}).to_string()
}

/// A statement that lets a principal assume a role.
#[expect(clippy::needless_pass_by_value, reason = "tests read better with json!(...) inline")]
fn trust(principal: Json) -> String {
    statement(json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}))
}

#[test]
fn spelling_is_no_difference() {
    let list = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],
        "Resource":["arn:aws:s3:::a"]}]}"#;
    for same in [
        r#"{"Statement":[{"Resource":"arn:aws:s3:::a","Action":"s3:GetObject","Effect":"Allow"}],
            "Version":"2012-10-17"}"#,
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject",
            "Resource":"arn:aws:s3:::a"}}"#,
        r#"[{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"S3:getobject",
            "Resource":"arn:aws:s3:::a"}]}]"#,
        r#"{"Version":"2012-10-17","Statement":[{"Sid":"","Effect":"allow",
            "Action":["s3:GetObject","s3:GetObject"],"NotAction":[],
            "Resource":["arn:aws:s3:::a","arn:aws:s3:::a"],"Condition":{}}]}"#,
    ] {
        assert!(both_ways(list, same), "{same}");
    }
}

#[test]
fn order_is_no_difference() {
    let a =
        json!({"Sid": "A", "Effect": "Allow", "Action": ["a:X", "a:Y"], "Resource": ["1", "2"]});
    let b = json!({"Sid": "B", "Effect": "Deny", "NotAction": "b:*", "NotResource": "*"});
    let turned =
        json!({"Sid": "A", "Effect": "Allow", "Action": ["a:Y", "a:X"], "Resource": ["2", "1"]});
    let one = json!({"Statement": [a, b]}).to_string();
    let other = json!({"Statement": [b, turned]}).to_string();
    assert!(both_ways(&one, &other));
}

#[test]
fn the_parts_of_a_statement_make_a_difference() {
    let base = json!({"Sid": "A", "Effect": "Allow", "Action": ["a:X"], "Resource": "r"});
    for (member, value) in [
        ("Sid", json!("a")),
        ("Sid", json!("")),
        ("Effect", json!("Deny")),
        ("Action", json!(["a:Y"])),
        ("Action", json!(["a:X", "a:Y"])),
        ("Action", json!([])),
        ("NotAction", json!("a:X")),
        ("Resource", json!("R")),
        ("Resource", json!(["r", "s"])),
        ("Principal", json!("*")),
        ("Condition", json!({"Bool": {"aws:SecureTransport": "true"}})),
        ("Comment", json!("unknown to IAM")),
    ] {
        let mut changed = base.clone();
        changed[member] = value.clone();
        let (a, b) = (statement(base.clone()), statement(changed));
        assert!(!both_ways(&a, &b), "{member} = {value}");
    }
}

#[test]
fn the_number_of_statements_makes_a_difference() {
    let one = json!({"Effect": "Allow", "Action": "a:X", "Resource": "*"});
    let single = json!({"Statement": [one]}).to_string();
    let twice = json!({"Statement": [one, one]}).to_string();
    assert!(!both_ways(&single, &twice));
    assert!(!both_ways(&single, "{}"));
}

#[test]
fn version_and_id_make_a_difference() {
    assert!(!both_ways(r#"{"Version":"2012-10-17"}"#, r#"{"Version":"2008-10-17"}"#));
    assert!(!both_ways(r#"{"Version":"2012-10-17"}"#, "{}"));
    assert!(!both_ways(r#"{"Id":"a"}"#, r#"{"Id":"A"}"#));
    assert!(both_ways(r#"{"Id":""}"#, "{}"));
}

#[test]
fn an_account_is_its_root_user() {
    let account = trust(json!({"AWS": "123456789012"}));
    let root = trust(json!({"AWS": ["arn:aws:iam::123456789012:root"]}));
    assert!(both_ways(&account, &root));
    assert!(both_ways(
        &trust(json!({"AWS": ["arn:aws:iam::123456789012:root", "123456789012"]})),
        &root
    ));
    assert!(!both_ways(&account, &trust(json!({"AWS": "123456789013"}))));
    assert!(!both_ways(&account, &trust(json!({"AWS": "arn:aws:iam::123456789012:user/root"}))));
    // Elsewhere a text is a text.
    let elsewhere = |text: &str| trust(json!({"Federated": text}));
    assert!(!both_ways(&elsewhere("123456789012"), &elsewhere("arn:aws:iam::123456789012:root")));
}

#[test]
fn everybody_is_not_every_aws_principal() {
    assert!(!both_ways(&trust(json!("*")), &trust(json!({"AWS": "*"}))));
    assert!(both_ways(&trust(json!({"AWS": "*"})), &trust(json!({"AWS": ["*"]}))));
}

#[test]
fn principals_are_compared_type_by_type() {
    let one = trust(json!({"Service": ["a.amazonaws.com", "b.amazonaws.com"], "AWS": "1"}));
    let other = trust(json!({"AWS": ["1"], "Service": ["b.amazonaws.com", "a.amazonaws.com"]}));
    assert!(both_ways(&one, &other));
    let empty = trust(
        json!({"AWS": ["1"], "Federated": [], "Service": ["b.amazonaws.com", "a.amazonaws.com"]}),
    );
    assert!(both_ways(&one, &empty));
    let fewer = trust(json!({"Service": ["a.amazonaws.com", "b.amazonaws.com"]}));
    assert!(!both_ways(&one, &fewer));
}

#[test]
fn the_unique_id_of_a_deleted_role_is_a_difference() {
    let by_arn = trust(json!({"AWS": "arn:aws:iam::123456789012:role/a"}));
    let by_id = trust(json!({"AWS": "AROAEXAMPLEEXAMPLEEXA"}));
    assert!(!both_ways(&by_arn, &by_id));
}

#[test]
fn conditions_are_sets_of_texts() {
    let with = |condition: Json| {
        statement(json!({"Effect": "Allow", "Action": "a:X", "Condition": condition}))
    };
    for (a, b, same) in [
        (json!({"Bool": {"k": true}}), json!({"Bool": {"k": "true"}}), true),
        (json!({"NumericEquals": {"k": 5}}), json!({"NumericEquals": {"k": ["5"]}}), true),
        (json!({"S": {"k": ["a", "b", "a"]}}), json!({"S": {"k": ["b", "a"]}}), true),
        (
            json!({"S": {"k": "a"}, "T": {"l": "b"}}),
            json!({"T": {"l": "b"}, "S": {"k": "a"}}),
            true,
        ),
        (json!({"S": {"k": "a"}}), json!({"S": {"K": "a"}}), false),
        (json!({"S": {"k": "a"}}), json!({"s": {"k": "a"}}), false),
        (json!({"S": {"k": "a"}}), json!({"S": {"k": "A"}}), false),
        (json!({"S": {"k": "a"}}), json!({"S": {"k": "a", "l": "b"}}), false),
        // A key without values matches nothing, which is not the same as no key.
        (json!({"S": {"k": []}}), json!({"S": {}}), false),
    ] {
        assert_eq!(both_ways(&with(a.clone()), &with(b.clone())), same, "{a} and {b}");
    }
}

#[test]
fn a_blank_text_is_an_empty_document() {
    assert!(both_ways("", "{}"));
    assert!(both_ways(" \n", r#"{"Statement":[]}"#));
}

#[test]
fn what_is_no_document_is_the_same_only_as_a_text() {
    assert!(equivalent("not json", "not json"));
    assert!(!both_ways("not json", "not  json"));
    assert!(!both_ways("1", "1.0"));
    assert!(!both_ways(r#"{"Statement":["x"]}"#, r#"{ "Statement":["x"]}"#));
    assert!(!both_ways("[]", "{}"));
}

#[test]
fn the_encoding_of_iam_is_taken_off() {
    assert_eq!(decode("%7B%22Id%22%3A%22a%20b%2Bc%22%7D").unwrap(), r#"{"Id":"a b+c"}"#);
    assert_eq!(decode("a+b").unwrap(), "a+b");
    assert_eq!(decode("%C3%A4").unwrap(), "ä");
    assert!(decode("%FF").unwrap_err().starts_with("a policy document is not UTF-8"));
}

/// Everything that `equivalent` overlooks, applied to a document at random.
fn respell(document: &Json, choices: &mut impl Iterator<Item = u8>) -> Json {
    let mut next = || choices.next().unwrap_or(0);
    match document {
        Json::Array(elements) => {
            let mut elements: Vec<_> = elements.iter().map(|e| respell(e, choices)).collect();
            for at in (1..elements.len()).rev() {
                elements.swap(at, usize::from(choices.next().unwrap_or(0)) % (at + 1));
            }
            // A list of one may stand as a plain value.
            if elements.len() == 1 && choices.next().unwrap_or(0).is_multiple_of(2) {
                elements.remove(0)
            } else {
                Json::Array(elements)
            }
        }
        Json::Object(members) => {
            let mut pairs: Vec<_> = members.iter().collect();
            if next() % 2 == 0 {
                pairs.reverse();
            }
            pairs.into_iter().map(|(key, value)| (key.clone(), respell(value, choices))).collect()
        }
        Json::String(text) if text.starts_with("svc:") && next() % 2 == 0 => {
            Json::String(text.to_uppercase())
        }
        other => other.clone(),
    }
}

fn set(of: &'static [&'static str]) -> impl Strategy<Value = Json> {
    subsequence(of, 1..=of.len()).prop_map(|texts| json!(texts))
}

fn statements() -> impl Strategy<Value = Json> {
    let actions = set(&["svc:get", "svc:put", "svc:*", "svc:list"]);
    let resources = set(&["arn:aws:s3:::a", "arn:aws:s3:::A/*", "*"]);
    let principals = prop_oneof![
        Just(json!("*")),
        set(&["arn:aws:iam::111111111111:role/a", "222222222222"]).prop_map(|p| json!({"AWS": p})),
        set(&["a.amazonaws.com", "b.amazonaws.com"]).prop_map(|p| json!({"Service": p})),
    ];
    let conditions = (select(&["StringEquals", "StringLike"][..]), set(&["x", "y", "z"]))
        .prop_map(|(operator, values)| json!({operator: {"aws:PrincipalTag/team": values}}));
    let statement = (select(&["Allow", "Deny"][..]), actions, resources, principals, conditions);
    let statement = statement.prop_map(|(effect, action, resource, principal, condition)| {
        json!({"Effect": effect, "Action": action, "Resource": resource, "Principal": principal,
               "Condition": condition})
    });
    vec(statement, 1..4)
        .prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

/// The pointers to all texts of a document.
fn leaves(document: &Json, at: &str, found: &mut Vec<String>) {
    match document {
        Json::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                leaves(element, &format!("{at}/{index}"), found);
            }
        }
        Json::Object(members) => {
            for (key, member) in members {
                leaves(member, &format!("{at}/{}", key.replace('/', "~1")), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

proptest! {
    #[test]
    fn another_spelling_is_equivalent(document in statements(), choices in vec(any::<u8>(), 200)) {
        let respelled = respell(&document, &mut choices.into_iter());
        let pretty = serde_json::to_string_pretty(&respelled).unwrap();
        prop_assert!(both_ways(&document.to_string(), &pretty), "{document}\n{pretty}");
    }

    #[test]
    fn a_change_of_any_text_is_a_difference(document in statements(), which in any::<prop::sample::Index>()) {
        let mut found = Vec::new();
        leaves(&document, "", &mut found);
        let pointer = which.get(&found);
        let mut changed = document.clone();
        let leaf = changed.pointer_mut(pointer).unwrap();
        *leaf = json!(format!("{}-changed", leaf.as_str().unwrap()));
        prop_assert!(!both_ways(&document.to_string(), &changed.to_string()), "{pointer}");
    }
}
