//! YAML documents as JSON, and back.
//!
//! Read by YAML 1.2: `yes`, `no`, `on` and `off` are texts. Numbers with a
//! leading zero are octal all the same, since that is what the file modes in
//! manifests are. A text that an older reader would take for something else is
//! written in quotes.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::error::{Error, Result};
use super::json;

/// The documents of a text, without empty ones.
///
/// # Errors
/// When it is no YAML, or a mapping has a key twice; the message has line and
/// column, and nothing of the text, which may be secret.
pub fn documents(text: &str) -> Result<Vec<Json>> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        legacy_octal_numbers: true,
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::Error,
        with_snippet: false,
    };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
        let at = error.location().map(|at| (at.line(), at.column()));
        // The reader's own text may begin or end with where it is; said once is enough.
        let message = error.to_string();
        let message = message.lines().next().unwrap_or_default().trim_end_matches(['.', ':']);
        match at {
            Some((line, _)) if message.contains(&format!("line {line}")) => {
                Error::invalid(format!("not valid YAML: {message}"))
            }
            Some((line, column)) => {
                Error::invalid(format!("not valid YAML at line {line} column {column}: {message}"))
            }
            None => Error::invalid(format!("not valid YAML: {message}")),
        }
    })
}

/// The one document of a text; an empty text is null.
///
/// # Errors
/// As for [`documents`], and when there are more than one.
pub fn document(text: &str) -> Result<Json, String> {
    let mut documents = documents(text).map_err(|error| error.message().to_owned())?;
    match documents.len() {
        0 => Ok(Json::Null),
        1 => Ok(documents.remove(0)),
        count => Err(format!("{count} documents are given where one is asked for")),
    }
}

/// A text that is one YAML document with fields.
pub fn object(text: &str) -> Result<(), String> {
    match document(text)? {
        Json::Object(_) => Ok(()),
        _ => Err("a YAML document with fields is asked for".to_owned()),
    }
}

/// Whether two texts are YAML documents of the same meaning.
pub fn same(a: &str, b: &str) -> bool {
    match (document(a), document(b)) {
        (Ok(a), Ok(b)) => json::same(&a, &b),
        _ => false,
    }
}

/// Documents as one text, with `---` between them.
///
/// # Errors
/// When a number cannot be written.
pub fn text(documents: &[Json]) -> Result<String> {
    let texts = documents.iter().map(|document| {
        serde_saphyr::to_string(&Document(document))
            .map_err(|error| Error::invalid(format!("cannot be written as YAML: {error}")))
    });
    Ok(texts.collect::<Result<Vec<_>>>()?.join("---\n"))
}

/// A document for the writer, which would see more in a number than its digits.
struct Document<'a>(&'a Json);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(value) => serializer.serialize_bool(*value),
            Json::Number(number) => {
                if let Some(int) = number.as_i64() {
                    serializer.serialize_i64(int)
                } else if let Some(int) = number.as_u64() {
                    serializer.serialize_u64(int)
                } else {
                    let float = number.as_f64().filter(|float| float.is_finite());
                    let float = float.ok_or_else(|| {
                        serde::ser::Error::custom(format!("the number {number} is too large"))
                    })?;
                    serializer.serialize_f64(float)
                }
            }
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(elements) => {
                let mut list = serializer.serialize_seq(Some(elements.len()))?;
                for element in elements {
                    list.serialize_element(&Self(element))?;
                }
                list.end()
            }
            Json::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    map.serialize_entry(key, &Self(value))?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_document_is_told_from_many_and_compared_by_meaning() {
        assert_eq!(document("a: 1"), Ok(json!({"a": 1})));
        assert_eq!(document(""), Ok(Json::Null));
        assert!(document("a: 1\n---\nb: 2\n").unwrap_err().starts_with("2 documents"));
        assert!(object("[1]").is_err() && object("a: [").is_err() && object("a: 1").is_ok());
        assert!(super::same("a: 1\nb: [x]", r#"{"b": ["x"], "a": 1.0}"#));
        assert!(!super::same("a: 1", "a: 2") && !super::same("a: [", "a: ["));
    }

    #[test]
    fn a_text_is_read_by_yaml_1_2() {
        let found = documents(
            "a: yes\nb: no\nc: on\nd: true\ne: ~\nf: 0644\ng: 1.50\nh: \"1\"\ni: 1e3\nj: 0x1F\n",
        );
        assert_eq!(
            found.unwrap(),
            [json!({
                "a": "yes", "b": "no", "c": "on", "d": true, "e": null, "f": 420, "g": 1.5,
                "h": "1", "i": 1000.0, "j": 31,
            })]
        );
    }

    #[test]
    fn anchors_merge_keys_and_blocks_are_carried_out() {
        let text = "base: &base {a: 1, b: 2}\ncopy:\n  <<: *base\n  b: 3\nlist: [*base]\n\
                    script: |\n  one\n  two\nfolded: >-\n  one\n  two\n";
        assert_eq!(
            documents(text).unwrap(),
            [json!({
                "base": {"a": 1, "b": 2}, "copy": {"a": 1, "b": 3}, "list": [{"a": 1, "b": 2}],
                "script": "one\ntwo\n", "folded": "one two",
            })]
        );
    }

    #[test]
    fn documents_are_told_apart_and_empty_ones_left_out() {
        let found = documents("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n").unwrap();
        assert_eq!(found, [json!({"a": 1}), json!({"b": 2})]);
        assert_eq!(documents("").unwrap(), [Json::Null; 0]);
    }

    #[test]
    fn what_is_wrong_has_its_place_and_no_value() {
        for (text, line) in [
            ("a: 1\nb: secret\nb: secret\n", "line 3"),
            ("a: [secret\n", "line "),
            ("a: 1\n\tb: secret\n", "line "),
            ("a: *secret\n", "line 1"),
        ] {
            let error = documents(text).unwrap_err();
            assert!(error.message().contains(line), "{text:?}: {error}");
        }
        let error = documents("a: 1\nb: secret\nb: secret\n").unwrap_err();
        assert!(!error.message().contains("secret"), "{error}");
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let document = json!({
            "texts": ["yes", "no", "on", "null", "~", "1", "1.5", "0644", "true", "", " a", "a: b",
                      "# a", "- a", "two\nlines\n", "é", "{a}", "*a", "&a", "1e3", "12:30:45"],
            "numbers": [1, -1, 1.5, 18_446_744_073_709_551_615_u64],
            "empty": {"map": {}, "list": [], "null": null},
            "deep": [[{"a": [true, false]}]],
        });
        let text = text(&[document.clone(), json!({"b": 1})]).unwrap();
        assert_eq!(documents(&text).unwrap(), [document, json!({"b": 1})]);
        for word in ["yes", "no", "on", "0644", "12:30:45"] {
            let quoted =
                text.contains(&format!("\"{word}\"")) || text.contains(&format!("'{word}'"));
            assert!(quoted, "{word} is not in quotes in {text}");
        }
    }
}
