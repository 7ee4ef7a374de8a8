//! Names, labels and annotations as Kubernetes validates them
//! (`k8s.io/apimachinery/pkg/util/validation`).

use super::{Check, ensure};

/// What only an API server writes into the `metadata` of an object.
pub const SERVER_METADATA: [&str; 8] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// A DNS-1123 label: `my-app`, at most 63 characters.
pub fn dns_label(value: &str) -> Check {
    ensure(value.len() <= 63 && is_label(value), || {
        format!(
            "{value:?} is not a DNS-1123 label: lower case letters, digits and \"-\" only, \
             beginning and ending with a letter or digit, at most 63 characters"
        )
    })
}

/// A DNS-1123 subdomain: `my-app.example`, at most 253 characters.
pub fn dns_subdomain(value: &str) -> Check {
    ensure(is_subdomain(value), || {
        format!(
            "{value:?} is not a DNS-1123 subdomain: lower case letters, digits, \"-\" and \".\" \
             only, each part beginning and ending with a letter or digit, at most 253 characters"
        )
    })
}

/// The name of a namespace: a DNS-1123 label.
pub fn namespace(value: &str) -> Check {
    dns_label(value).map_err(|rule| format!("as the name of a namespace, {rule}"))
}

/// The key of a label: `team` or `example.com/team`.
pub fn label_key(value: &str) -> Check {
    ensure(is_qualified_name(value, is_subdomain), || {
        format!("{value:?} is not the key of a label: {QUALIFIED}")
    })
}

/// The key of an annotation: as that of a label, but the prefix may have
/// capitals.
pub fn annotation_key(value: &str) -> Check {
    let prefix = |prefix: &str| is_subdomain(&prefix.to_ascii_lowercase());
    ensure(is_qualified_name(value, prefix), || {
        format!("{value:?} is not the key of an annotation: {QUALIFIED}")
    })
}

/// The value of a label: up to 63 characters, or nothing.
pub fn label_value(value: &str) -> Check {
    ensure(value.is_empty() || is_name(value), || {
        format!(
            "{value:?} is not the value of a label: letters, digits, \"-\", \"_\" and \".\" only, \
             beginning and ending with a letter or digit, at most 63 characters"
        )
    })
}

const QUALIFIED: &str = "a name of letters, digits, \"-\", \"_\" and \".\", beginning and ending \
                         with a letter or digit, at most 63 characters, after an optional DNS \
                         prefix and \"/\"";

fn is_qualified_name(value: &str, prefix: impl Fn(&str) -> bool) -> bool {
    match value.split_once('/') {
        Some((before, name)) => prefix(before) && is_name(name),
        None => is_name(value),
    }
}

/// The part of a key after the prefix, or a label's value.
fn is_name(value: &str) -> bool {
    let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    value.len() <= 63
        && value.bytes().all(inner)
        && has_ends(value, |c: u8| c.is_ascii_alphanumeric())
}

fn is_subdomain(value: &str) -> bool {
    value.len() <= 253 && value.split('.').all(is_label)
}

/// A label of any length.
fn is_label(value: &str) -> bool {
    let outer = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    value.bytes().all(|c| outer(c) || c == b'-') && has_ends(value, outer)
}

/// Whether there is a first and a last character, both of the given kind.
fn has_ends(value: &str, kind: impl Fn(u8) -> bool) -> bool {
    let bytes = value.as_bytes();
    matches!((bytes.first(), bytes.last()), (Some(&first), Some(&last)) if kind(first) && kind(last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::tests::{accepts, refuses};

    #[test]
    fn labels_of_dns() {
        accepts(dns_label, &["a", "0", "a-b", "my-app-1", &"a".repeat(63)]);
        refuses(dns_label, &["", "-a", "a-", "A", "a.b", "a_b", "ä", "x y", &"a".repeat(64)]);
        assert_eq!(
            dns_label("x y").unwrap_err(),
            "\"x y\" is not a DNS-1123 label: lower case letters, digits and \"-\" only, \
             beginning and ending with a letter or digit, at most 63 characters"
        );
    }

    #[test]
    fn subdomains() {
        let longest = format!("{}a", "ab.".repeat(84));
        assert_eq!(longest.len(), 253);
        accepts(dns_subdomain, &["a", "a.b", "a-b.c-d", &"a".repeat(100), &longest]);
        refuses(dns_subdomain, &["", ".", "a.", ".a", "a..b", "a.-b", "A.b", "a/b"]);
        refuses(dns_subdomain, &[&"a".repeat(254)]);
    }

    #[test]
    fn a_namespace_is_called_one_in_the_message() {
        accepts(namespace, &["argocd"]);
        let rule = namespace("Argo").unwrap_err();
        assert!(rule.starts_with("as the name of a namespace, \"Argo\" is not"), "{rule}");
    }

    #[test]
    fn keys_of_labels() {
        accepts(label_key, &["a", "A", "a.b_c-d", "example.com/Team", &"x".repeat(63)]);
        refuses(label_key, &["", "-a", "a-", "/a", "a/", "a/b/c", "Example.com/a", "a b"]);
        refuses(label_key, &[&"x".repeat(64), &format!("{}/a", "x".repeat(254))]);
    }

    #[test]
    fn keys_of_annotations_may_have_capitals_before_the_slash() {
        accepts(annotation_key, &["a", "Example.com/a", "argocd.argoproj.io/sync-wave"]);
        refuses(annotation_key, &["", "a/", "exa mple/a", "a/b/c"]);
    }

    #[test]
    fn values_of_labels() {
        accepts(label_value, &["", "a", "A.b-c_d", "1.0.0", &"x".repeat(63)]);
        refuses(label_value, &["-a", "a.", "a b", "a/b", "ü", &"x".repeat(64)]);
    }
}
