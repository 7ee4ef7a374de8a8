//! Where in an object something is, as users write it.
//!
//! Names with dots between them, elements of lists by number, and keys with
//! dots or slashes in brackets: `status.loadBalancer.ingress[0].hostname`,
//! `metadata.annotations["example.com/owner"]`.

use std::fmt;

use serde_json::Value as Json;

/// A path into an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath {
    text: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

impl FieldPath {
    /// Reads a path.
    ///
    /// # Errors
    /// The rule that it breaks, ready to follow the name of the attribute.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no path of a field: names with dots between them, [0] for an element \
                 of a list and [\"a.b/c\"] for a key with dots, as in \
                 status.loadBalancer.ingress[0].hostname"
            )
        };
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(quoted) = rest.strip_prefix("[\"") {
                let (key, after) = quoted.split_once("\"]").ok_or_else(wrong)?;
                steps.push(Step::Name(key.to_owned()));
                rest = after;
            } else if let Some(numbered) = rest.strip_prefix('[') {
                let (index, after) = numbered.split_once(']').ok_or_else(wrong)?;
                steps.push(Step::Index(index.parse().map_err(|_| wrong())?));
                rest = after;
            } else {
                let named = match (rest.strip_prefix('.'), steps.is_empty()) {
                    (Some(named), false) => named,
                    (None, true) => rest,
                    _ => return Err(wrong()),
                };
                let end = named.find(['.', '[']).unwrap_or(named.len());
                let (name, after) = named.split_at(end);
                if name.is_empty() || name.contains([']', '"', ' ']) {
                    return Err(wrong());
                }
                steps.push(Step::Name(name.to_owned()));
                rest = after;
            }
        }
        if steps.is_empty() {
            return Err(wrong());
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// What is there, unless nothing is.
    pub fn find<'a>(&self, object: &'a Json) -> Option<&'a Json> {
        let mut steps = self.steps.iter();
        let found = steps.try_fold(object, |at, step| match step {
            Step::Name(name) => at.get(name),
            Step::Index(index) => at.get(index),
        });
        found.filter(|found| !found.is_null())
    }

    /// The path as a JSON pointer.
    pub fn pointer(&self) -> String {
        self.steps.iter().fold(String::new(), |pointer, step| match step {
            Step::Name(name) => below(&pointer, name),
            Step::Index(index) => format!("{pointer}/{index}"),
        })
    }

    /// The first name.
    pub fn root(&self) -> &str {
        match self.steps.first() {
            Some(Step::Name(name)) => name,
            _ => "",
        }
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A JSON pointer, one name deeper.
pub fn below(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The check of an attribute that holds a path.
pub fn field_path(text: &str) -> Result<(), String> {
    FieldPath::parse(text).map(drop)
}

/// A value as text: what is no text itself is its JSON.
pub fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_through_names_numbers_and_keys() {
        let object = json!({
            "status": {"ingress": [{"ip": "a"}, {"ip": null}], "ready": 2},
            "metadata": {"annotations": {"example.com/a": "b"}},
        });
        for (path, found) in [
            ("status.ingress[0].ip", Some(json!("a"))),
            ("status.ingress[1].ip", None),
            ("status.ingress[2].ip", None),
            ("status.ready", Some(json!(2))),
            ("metadata.annotations[\"example.com/a\"]", Some(json!("b"))),
            ("metadata[\"annotations\"]", Some(json!({"example.com/a": "b"}))),
        ] {
            let parsed = FieldPath::parse(path).unwrap();
            assert_eq!(parsed.find(&object), found.as_ref(), "{path}");
            assert_eq!(parsed.to_string(), path);
            if let Some(found) = found {
                assert_eq!(object.pointer(&parsed.pointer()), Some(&found), "{path}");
            }
        }
        assert_eq!(FieldPath::parse("spec.replicas").unwrap().root(), "spec");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for bad in
            ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[\"b", "a]", "a b", "a[0]b", "a[-1]"]
        {
            let rule = field_path(bad).unwrap_err();
            assert!(rule.contains("is no path of a field"), "{bad}: {rule}");
        }
    }

    #[test]
    fn a_value_is_shown_as_it_would_be_written() {
        assert_eq!(shown(&json!("a")), "a");
        assert_eq!(shown(&json!(2)), "2");
        assert_eq!(shown(&json!({"a": [true]})), "{\"a\":[true]}");
    }
}
