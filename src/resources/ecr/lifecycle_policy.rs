//! Lifecycle policies of repositories: what they must be, and when two of them mean the same.
//!
//! The rules are those of "Lifecycle policy properties" in the user guide of Amazon ECR. Keys and
//! kinds of counts that are not known here pass: AWS adds to them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::framework::checks::json_object;
use crate::framework::json;

type Broken = std::result::Result<(), String>;

/// The most characters that `PutLifecyclePolicy` takes.
const LONGEST: usize = 30_720;

/// The most wildcards in one pattern.
const WILDCARDS: usize = 4;

/// Whether two documents mean the same: the order of rules, keys, patterns and prefixes does not
/// matter, nor does an empty list or a null, which say nothing.
///
/// Texts that are no documents are the same only when they are equal.
pub fn equivalent(a: &str, b: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Json>(text).ok().map(meaning);
    a == b || read(a).zip(read(b)).is_some_and(|(a, b)| json::same(&a, &b))
}

/// The document in one spelling of all that mean the same.
fn meaning(mut document: Json) -> Json {
    if let Some(rules) = document.get_mut("rules").and_then(Json::as_array_mut) {
        for rule in rules.iter_mut() {
            say_less(rule);
            if let Some(selection) = rule.get_mut("selection") {
                say_less(selection);
                for list in LISTS {
                    if let Some(list) = selection.get_mut(list).and_then(Json::as_array_mut) {
                        list.sort_by_key(Json::to_string);
                    }
                }
            }
        }
        rules.sort_by_key(|rule| (priority(rule), rule.to_string()));
    }
    document
}

/// The lists of a selection; the order in them means nothing.
const LISTS: [&str; 2] = ["tagPatternList", "tagPrefixList"];

/// Takes out what says nothing.
fn say_less(object: &mut Json) {
    if let Json::Object(members) = object {
        members.retain(|_, value| {
            !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty())
        });
    }
}

/// A whole number, however it is written.
fn whole(number: &Json) -> Option<i64> {
    let number = number.as_number()?;
    number.as_i64().or_else(|| {
        let text = number.to_string();
        text.strip_suffix(".0").and_then(|text| text.parse().ok())
    })
}

fn priority(rule: &Json) -> Option<i64> {
    whole(&rule["rulePriority"])
}

/// A lifecycle policy as ECR takes it.
///
/// # Errors
/// The rule that is broken, with the place in the document.
pub fn check(text: &str) -> Broken {
    json_object(text)?;
    let length = text.chars().count();
    if length > LONGEST {
        return Err(format!("the document has {length} characters; ECR takes {LONGEST} at most"));
    }
    let document: Json = serde_json::from_str(text).unwrap_or_default();
    let rules = document["rules"].as_array().filter(|rules| !rules.is_empty());
    let rules = rules.ok_or("a lifecycle policy needs rules, a list of at least one")?;
    let mut seen: BTreeMap<i64, usize> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        let at = format!("rules[{index}]");
        let number = positive(&rule["rulePriority"], &format!("{at}.rulePriority"))?;
        if let Some(other) = seen.insert(number, index) {
            return Err(format!(
                "{at}.rulePriority is {number}, as in rules[{other}]: each rule has its own"
            ));
        }
        let Some(selection) = rule["selection"].as_object() else {
            return Err(format!("{at} needs a selection, an object"));
        };
        selects(selection, &format!("{at}.selection"))?;
        acts(&rule["action"], &format!("{at}.action"))?;
    }
    let last = seen.last_key_value().map(|(_, index)| *index);
    let any = |index: &usize| rules[*index]["selection"]["tagStatus"] == "any";
    match seen.values().find(|index| any(index) && Some(**index) != last) {
        Some(index) => Err(format!(
            "rules[{index}].selection.tagStatus is \"any\", and another rule has a higher \
             rulePriority: what is for all images has to come last"
        )),
        None => Ok(()),
    }
}

/// What a rule is about.
fn selects(selection: &Map<String, Json>, at: &str) -> Broken {
    let none = Json::Null;
    let of = |key: &str| selection.get(key).unwrap_or(&none);
    let lists = LISTS.map(|key| (key, of(key)));
    for (key, list) in lists {
        let texts = list.as_array().map_or(list.is_null(), |list| list.iter().all(Json::is_string));
        if !texts {
            return Err(format!("{at}.{key} is a list of texts"));
        }
        let patterns = list.as_array().into_iter().flatten().filter_map(Json::as_str);
        let mut patterns = patterns.filter(|pattern| pattern.matches('*').count() > WILDCARDS);
        if let Some(pattern) = patterns.next() {
            return Err(format!(
                "{pattern:?} in {at}.{key} has more than {WILDCARDS} wildcards, \"*\""
            ));
        }
    }
    let given: Vec<_> = lists
        .iter()
        .filter(|(_, list)| list.as_array().is_some_and(|list| !list.is_empty()))
        .map(|(key, _)| *key)
        .collect();
    match (of("tagStatus").as_str(), &given[..]) {
        (Some("tagged"), []) => Err(format!(
            "{at}.tagStatus is \"tagged\", which needs a tagPatternList or a tagPrefixList; \
             [\"*\"] as tagPatternList means any tag"
        )),
        (Some("tagged"), [_, _, ..]) => {
            Err(format!("{at} has a tagPatternList and a tagPrefixList; a rule has one of them"))
        }
        (Some("untagged"), [key, ..]) => {
            Err(format!("{at}.{key} is for tags, and {at}.tagStatus is \"untagged\""))
        }
        (Some("tagged" | "untagged" | "any"), _) => counts(&of, at),
        _ => Err(format!("{at}.tagStatus is \"tagged\", \"untagged\" or \"any\"")),
    }
}

/// From how many, or from how old, on.
fn counts<'a>(of: &impl Fn(&str) -> &'a Json, at: &str) -> Broken {
    let Some(kind) = of("countType").as_str() else {
        return Err(format!(
            "{at}.countType is missing: \"imageCountMoreThan\", \"sinceImagePushed\", …"
        ));
    };
    let unit = of("countUnit");
    if kind == "imageCountMoreThan" && !unit.is_null() {
        return Err(format!("{at}.countUnit is for ages, and {at}.countType is {kind:?}"));
    }
    if kind.starts_with("since") && unit != "days" {
        return Err(format!("{at}.countUnit is \"days\" where {at}.countType is {kind:?}"));
    }
    if kind == "sinceImageTransitioned" && !of("storageClass").is_string() {
        return Err(format!("{at}.storageClass is needed where {at}.countType is {kind:?}"));
    }
    positive(of("countNumber"), &format!("{at}.countNumber")).map(drop)
}

/// What a rule does.
fn acts(action: &Json, at: &str) -> Broken {
    match action["type"].as_str() {
        Some("transition") if !action["targetStorageClass"].is_string() => {
            Err(format!("{at}.targetStorageClass is needed where {at}.type is \"transition\""))
        }
        Some("expire" | "transition") => Ok(()),
        _ => Err(format!("{at}.type is \"expire\" or \"transition\"")),
    }
}

fn positive(number: &Json, at: &str) -> std::result::Result<i64, String> {
    let found = whole(number).filter(|number| *number > 0);
    found.ok_or_else(|| format!("{at} is a whole number from 1 on, not {number}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rule(priority: i64, selection: &Json) -> Json {
        json!({ "rulePriority": priority, "selection": selection, "action": { "type": "expire" } })
    }

    fn policy(rules: &[Json]) -> String {
        json!({ "rules": rules }).to_string()
    }

    fn any() -> Json {
        json!({ "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 10 })
    }

    fn with(selection: &Json, key: &str, value: Json) -> Json {
        let mut changed = selection.clone();
        changed[key] = value;
        changed
    }

    #[test]
    fn a_policy_is_the_same_in_another_order() {
        let tagged = |patterns: &[&str]| {
            json!({ "tagStatus": "tagged", "tagPatternList": patterns,
                    "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14 })
        };
        let ours = policy(&[rule(2, &any()), rule(1, &tagged(&["b*", "a*"]))]);
        let theirs = policy(&[
            rule(1, &with(&tagged(&["a*", "b*"]), "tagPrefixList", json!([]))),
            rule(2, &with(&any(), "tagPatternList", Json::Null)),
        ]);
        assert!(equivalent(&ours, &theirs));
        assert!(equivalent(&ours, &ours.replace(":14", ": 14.0")));
        assert!(equivalent(&ours, &ours.replace("\"rulePriority\":2", "\"rulePriority\":2.0")));
        assert!(!equivalent(&ours, &ours.replace(":14", ":15")));
        assert!(!equivalent(&ours, &ours.replace("\"a*\"", "\"c*\"")));
        // What is not known here counts as well.
        assert!(!equivalent(&ours, &ours.replace("\"expire\"", "\"expire\",\"new\":true")));
        assert!(equivalent("no document", "no document") && !equivalent("a", "b"));
    }

    #[test]
    fn what_aws_documents_is_accepted() {
        let archived = json!({
            "tagStatus": "any", "storageClass": "archive", "countType": "sinceImageTransitioned",
            "countUnit": "days", "countNumber": 365,
        });
        let untagged = json!({ "tagStatus": "untagged", "countType": "sinceImagePushed",
            "countUnit": "days", "countNumber": 1 });
        let tagged =
            with(&with(&any(), "tagStatus", json!("tagged")), "tagPrefixList", json!(["v"]));
        let mut transition = rule(2, &untagged);
        transition["action"] = json!({ "type": "transition", "targetStorageClass": "archive" });
        transition["description"] = json!("what nobody pulls");
        for rules in [
            vec![rule(1, &any())],
            vec![rule(9, &archived), transition, rule(5, &tagged)],
            vec![rule(1, &with(&any(), "countType", json!("imageSizeMoreThan")))],
        ] {
            assert_eq!(check(&policy(&rules)), Ok(()));
        }
    }

    #[test]
    fn what_ecr_refuses_is_refused_where_it_stands() {
        let tagged = with(&any(), "tagStatus", json!("tagged"));
        let patterns = with(&tagged, "tagPatternList", json!(["a"]));
        let since = with(&any(), "countType", json!("sinceImagePushed"));
        for (selection, broken) in [
            (tagged.clone(), "rules[1].selection.tagStatus is \"tagged\", which needs"),
            (with(&tagged, "tagPrefixList", json!([])), "which needs"),
            (with(&patterns, "tagPrefixList", json!(["b"])), "a rule has one of them"),
            (with(&patterns, "tagStatus", json!("untagged")), "tagPatternList is for tags"),
            (with(&tagged, "tagPatternList", json!(["*a*b*c*d*"])), "more than 4 wildcards"),
            (with(&tagged, "tagPatternList", json!("a")), "is a list of texts"),
            (with(&any(), "tagStatus", json!("all")), "\"tagged\", \"untagged\" or \"any\""),
            (with(&any(), "countType", Json::Null), "countType is missing"),
            (with(&any(), "countUnit", json!("days")), "countUnit is for ages"),
            (since.clone(), "countUnit is \"days\""),
            (with(&since, "countUnit", json!("weeks")), "countUnit is \"days\""),
            (with(&any(), "countNumber", json!(0)), "countNumber is a whole number from 1 on"),
            (with(&any(), "countNumber", json!("5")), "not \"5\""),
            (
                with(
                    &with(&since, "countType", json!("sinceImageTransitioned")),
                    "countUnit",
                    json!("days"),
                ),
                "storageClass is needed",
            ),
        ] {
            let rules = [rule(1, &patterns), rule(2, &selection)];
            let rule = check(&policy(&rules)).unwrap_err();
            assert!(rule.contains(broken), "{rule}");
        }
    }

    #[test]
    fn rules_have_an_order() {
        let first = with(&any(), "tagStatus", json!("untagged"));
        let broken = |rules: &[Json]| check(&policy(rules)).unwrap_err();
        let rule_ = broken(&[rule(1, &any()), rule(2, &first)]);
        assert!(rule_.starts_with("rules[0].selection.tagStatus is \"any\", and"), "{rule_}");
        let rule_ = broken(&[rule(3, &first), rule(3, &any())]);
        assert!(rule_.starts_with("rules[1].rulePriority is 3, as in rules[0]"), "{rule_}");
        assert!(broken(&[rule(0, &any())]).contains("rulePriority is a whole number"));
        let mut action = rule(1, &any());
        action["action"] = json!({ "type": "transition" });
        assert!(broken(&[action.clone()]).contains("targetStorageClass is needed"));
        action["action"] = json!({ "type": "delete" });
        assert!(broken(&[action]).contains("rules[0].action.type is"));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for (text, broken) in [
            ("", "not valid JSON"),
            ("[]", "a list is given"),
            ("{}", "needs rules"),
            (r#"{"rules":[]}"#, "needs rules"),
            (r#"{"rules":[{"rulePriority":1}]}"#, "rules[0] needs a selection"),
            (r#"{"rules":["x"]}"#, "rules[0].rulePriority"),
        ] {
            let rule = check(text).unwrap_err();
            assert!(rule.contains(broken), "{rule}");
        }
        let long = policy(&[rule(1, &with(&any(), "note", json!("x".repeat(LONGEST))))]);
        assert!(check(&long).unwrap_err().contains("30720 at most"));
    }
}
