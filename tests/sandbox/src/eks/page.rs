//! Paginated lists: `maxResults` (1–100, default 100) and an opaque `nextToken`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    error::{ApiError, ErrorKind},
    input::Call,
};

const MAX_RESULTS: usize = 100;

/// Where a page starts and how long it may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    scope: String,
    /// The key of the last item of the page before.
    after: Option<String>,
    limit: usize,
}

impl Page {
    /// Reads the page's members from the query. `invalid` is the type of the error for bad ones,
    /// because not every list operation models the same; `cap` shortens pages below what the client
    /// asked for, as the API may at any time.
    pub(crate) fn parse(
        call: &Call,
        invalid: ErrorKind,
        cap: Option<usize>,
    ) -> Result<Self, ApiError> {
        let limit = match call.query("maxResults") {
            None => MAX_RESULTS,
            Some(text) => match text.parse() {
                Ok(limit) if (1..=MAX_RESULTS).contains(&limit) => limit,
                _ => {
                    let message = format!("maxResults must be a number from 1 to 100, got {text}");
                    return Err(ApiError::new(invalid, message));
                }
            },
        };
        // A token is of one list: of this operation, this cluster, this principal.
        let owner: Vec<&str> = call.path.values().map(String::as_str).collect();
        let scope = format!("{} {}", call.operation, owner.join(" "));
        let after =
            match call.query("nextToken") {
                None | Some("") => None,
                Some(token) => Some(decode(token, &scope).ok_or_else(|| {
                    ApiError::new(invalid, format!("nextToken is invalid: {token}"))
                })?),
            };
        let limit = limit.min(cap.unwrap_or(MAX_RESULTS)).max(1);
        Ok(Self { scope, after, limit })
    }

    /// The output of a list operation: the page under `member`, and `nextToken` if more follows.
    /// Items are keyed and must come in the order of their keys, so that a page stays right when
    /// others create or delete between two calls.
    pub(crate) fn render(
        &self,
        member: &str,
        items: impl IntoIterator<Item = (String, Value)>,
    ) -> Map<String, Value> {
        let after = self.after.as_deref();
        let mut rest =
            items.into_iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
        let mut last = None;
        let mut page = Vec::new();
        for (key, value) in rest.by_ref().take(self.limit) {
            last = Some(key);
            page.push(value);
        }
        let next = rest.next().and(last).map(|key| encode(&key, &self.scope));

        let mut output = Map::new();
        output.insert(member.to_owned(), Value::Array(page));
        if let Some(token) = next {
            output.insert("nextToken".to_owned(), Value::String(token));
        }
        output
    }
}

fn encode(key: &str, scope: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{scope}\n{key}"))
}

fn decode(token: &str, scope: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (of, key) = text.split_once('\n')?;
    (of == scope).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::eks::operation::Operation;

    fn call(query: &[(&str, &str)]) -> Call {
        Call {
            operation: Operation::ListAccessEntries,
            path: BTreeMap::from([("name".to_owned(), "c".to_owned())]),
            query: query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            body: Map::new(),
        }
    }

    fn parse(query: &[(&str, &str)]) -> Result<Page, ApiError> {
        Page::parse(&call(query), ErrorKind::InvalidParameterException, None)
    }

    fn items(count: u32) -> Vec<(String, Value)> {
        let keys = (0..count).map(|n| format!("k{n:03}"));
        keys.map(|key| (key.clone(), Value::String(key))).collect()
    }

    #[test]
    fn following_the_tokens_gives_each_item_once() {
        let mut seen = Vec::new();
        let mut token = String::new();
        for _ in 0..3 {
            let page = parse(&[("maxResults", "4"), ("nextToken", &token)]).unwrap();
            let output = page.render("items", items(10));
            seen.extend(output["items"].as_array().unwrap().clone());
            let next = output.get("nextToken").and_then(Value::as_str);
            token = next.unwrap_or_default().to_owned();
        }
        assert_eq!(token, "");
        let expected: Vec<Value> = items(10).into_iter().map(|(_, value)| value).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_page_that_holds_all_has_no_token() {
        let output = parse(&[("maxResults", "10")]).unwrap().render("items", items(10));
        assert!(!output.contains_key("nextToken"));
        let output = parse(&[]).unwrap().render("items", items(101));
        assert_eq!(output["items"].as_array().unwrap().len(), 100);
        assert!(output.contains_key("nextToken"));
    }

    #[test]
    fn an_item_deleted_between_two_pages_does_not_hide_another() {
        let page = parse(&[("maxResults", "2")]).unwrap();
        let output = page.render("items", items(4));
        let token = output["nextToken"].as_str().unwrap();
        let rest: Vec<_> = items(4).into_iter().filter(|(key, _)| key != "k001").collect();
        let output = parse(&[("nextToken", token)]).unwrap().render("items", rest);
        assert_eq!(output["items"], serde_json::json!(["k002", "k003"]));
    }

    #[test]
    fn sizes_out_of_range_and_foreign_tokens_are_refused() {
        for size in ["0", "101", "-1", "many", ""] {
            assert!(parse(&[("maxResults", size)]).is_err(), "{size:?}");
        }
        let foreign = encode("k001", "ListCapabilities c");
        assert!(parse(&[("nextToken", &foreign)]).is_err());
        assert!(parse(&[("nextToken", "%%%")]).is_err());
    }

    #[test]
    fn the_server_may_send_shorter_pages_than_asked_for() {
        let page = Page::parse(&call(&[]), ErrorKind::InvalidParameterException, Some(3)).unwrap();
        assert_eq!(page.render("items", items(10))["items"].as_array().unwrap().len(), 3);
    }
}
