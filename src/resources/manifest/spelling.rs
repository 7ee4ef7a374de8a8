//! When two spellings mean the same to the API.
//!
//! An API server gives some values back otherwise than they were sent: a
//! quantity of `0.5` as `500m`, base64 without its line breaks. Which fields
//! those are is known by their names in the kinds of Kubernetes itself; what
//! else an API or a webhook rewrites is remembered at the apply (`drift`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::framework::json;

/// Fields whose elements are quantities.
const MAPS_OF_QUANTITIES: [&str; 14] = [
    "allocatable",
    "capacity",
    "default",
    "defaultRequest",
    "hard",
    "limits",
    "max",
    "maxAllowed",
    "min",
    "minAllowed",
    "podFixed",
    "requests",
    "used",
    "maxLimitRequestRatio",
];
/// Fields that are quantities.
const QUANTITIES: [&str; 5] = ["averageValue", "divisor", "sizeLimit", "storage", "targetValue"];
/// Fields that are base64, or whose elements are. Those of Secrets: see [`same_base64`].
const BASE64: [&str; 2] = ["binaryData", "caBundle"];

/// Whether two values at a JSON pointer of an object mean the same.
pub(super) fn same(pointer: &str, a: &Json, b: &Json) -> bool {
    if json::same(a, b) {
        return true;
    }
    let mut names = pointer.rsplit('/');
    let (name, parent) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    if QUANTITIES.contains(&name) || MAPS_OF_QUANTITIES.contains(&parent) {
        return quantity(a).zip(quantity(b)).is_some_and(|(a, b)| a == b);
    }
    if BASE64.contains(&name) || BASE64.contains(&parent) {
        return a.as_str().zip(b.as_str()).is_some_and(|(a, b)| same_base64(a, b));
    }
    false
}

/// Whether two texts are base64 of the same, however they are broken into lines.
pub(super) fn same_base64(a: &str, b: &str) -> bool {
    let (a, b) = (without_breaks(a), without_breaks(b));
    a == b && STANDARD.decode(a).is_ok()
}

/// Base64 in one piece, which is the only form that an API server takes.
pub(super) fn without_breaks(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_whitespace()).collect()
}

/// Text as the data of a Secret has it.
pub(super) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// The text that the data of a Secret holds, if it is text.
pub(super) fn text_of_base64(data: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(without_breaks(data)).ok()?).ok()
}

/// Units by powers of 1,024.
const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// Units by powers of ten.
const DECIMAL: [(&str, i32); 9] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

/// A quantity as a whole number of the smallest unit that Kubernetes knows, a billionth.
fn quantity(json: &Json) -> Option<i128> {
    let text = match json {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        _ => return None,
    };
    let power = |base: i128, exponent: u32| base.checked_pow(exponent);
    for (unit, exponent) in BINARY.iter().zip(1..) {
        if let Some(number) = text.strip_suffix(unit) {
            return scaled(number, 9)?.checked_mul(power(1024, exponent)?);
        }
    }
    for (unit, exponent) in DECIMAL {
        if let Some(number) = text.strip_suffix(unit) {
            return scaled(number, 9 + exponent);
        }
    }
    match text.split_once(['e', 'E']) {
        Some((number, exponent)) => scaled(number, exponent.parse::<i32>().ok()?.checked_add(9)?),
        None => scaled(&text, 9),
    }
}

/// A decimal number times a power of ten, if that is whole and not too large.
fn scaled(number: &str, exponent: i32) -> Option<i128> {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let exponent = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let factor = 10_i128.checked_pow(u32::try_from(exponent).ok()?)?;
    digits.parse::<i128>().ok()?.checked_mul(factor)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn quantities_are_compared_by_their_amount_where_quantities_are() {
        let cpu = "/spec/containers/0/resources/limits/cpu";
        for (a, b) in [
            (json!("0.5"), json!("500m")),
            (json!("1000m"), json!("1")),
            (json!(1), json!("1")),
            (json!(0.5), json!("500m")),
            (json!("1024Mi"), json!("1Gi")),
            (json!("1.5Gi"), json!("1536Mi")),
            (json!("1e3"), json!("1k")),
            (json!("128974848"), json!("123Mi")),
            (json!("+2"), json!("2.0")),
            (json!("-1"), json!("-1000m")),
        ] {
            assert!(same(cpu, &a, &b), "{a} {b}");
            assert!(!same("/metadata/labels/version", &a, &b), "{a} {b}");
        }
        for (a, b) in [
            (json!("1G"), json!("1Gi")),
            (json!("1"), json!("2")),
            (json!("x"), json!("1")),
            (json!("1x"), json!("1")),
            (json!(""), json!("0")),
            (json!("9999999999999999999999999999999E"), json!("1")),
        ] {
            assert!(!same(cpu, &a, &b), "{a} {b}");
        }
        assert!(same("/spec/volumes/0/emptyDir/sizeLimit", &json!("1024Ki"), &json!("1Mi")));
        assert!(same("/spec/hard/requests.cpu", &json!("1000m"), &json!("1")));
    }

    #[test]
    fn base64_may_be_broken_into_lines() {
        let (broken, whole) = (json!("aGVs\nbG8=\n"), json!("aGVsbG8="));
        assert!(same("/binaryData/a", &broken, &whole));
        assert!(same("/webhooks/0/clientConfig/caBundle", &broken, &whole));
        assert!(!same("/data/a", &broken, &whole), "it may be the text of a ConfigMap");
        assert!(!same("/binaryData/a", &json!("YQ=="), &json!("YQ")));
        assert_eq!(base64("hello"), "aGVsbG8=");
        assert_eq!(text_of_base64("aGVs\nbG8=\n").as_deref(), Some("hello"));
        assert_eq!(text_of_base64("/w=="), None);
    }

    #[test]
    fn numbers_are_compared_by_their_value() {
        let parse = |text| serde_json::from_str::<Json>(text).unwrap();
        assert!(same("/spec/a", &parse("1.0"), &parse("1")));
        assert!(!same("/spec/a", &json!(1), &json!("1")));
    }
}
