//! Accounts, Regions and tags of AWS.

use super::{Check, ensure};

/// The id of an account: 12 digits.
pub fn account_id(value: &str) -> Check {
    ensure(value.len() == 12 && value.bytes().all(|c| c.is_ascii_digit()), || {
        format!("{value:?} is not the id of an AWS account: 12 digits, leading zeros included")
    })
}

/// The code of a Region: `eu-central-1`, `us-gov-west-1`. Regions that do not
/// exist yet pass.
pub fn region(value: &str) -> Check {
    let words: Vec<&str> = value.split('-').collect();
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|c| c.is_ascii_lowercase());
    let is_number =
        |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    let well_formed = match words.split_last() {
        Some((number, words)) => {
            words.len() >= 2 && words.iter().all(|word| is_word(word)) && is_number(number)
        }
        None => false,
    };
    ensure(well_formed, || {
        format!("{value:?} is not the code of an AWS Region, such as \"eu-central-1\"")
    })
}

/// The key of a tag: 1 to 128 characters, not in the space of names that AWS
/// keeps for itself.
pub fn tag_key(value: &str) -> Check {
    ensure(!value.is_empty(), || "the key of a tag must not be empty".to_owned())?;
    tag_text(value, "key", 128)?;
    let reserved = value.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"));
    ensure(!reserved, || format!("{value:?} begins with \"aws:\", which is kept for AWS itself"))
}

/// The value of a tag: up to 256 characters.
pub fn tag_value(value: &str) -> Check {
    tag_text(value, "value", 256)
}

fn tag_text(value: &str, part: &str, most: usize) -> Check {
    let length = value.chars().count();
    ensure(length <= most, || {
        format!("the {part} of a tag {value:?} has {length} characters, of at most {most}")
    })?;
    // IAM's set, the narrowest: letters, numbers and separators of any script.
    let allowed = |c: char| {
        c.is_alphanumeric()
            || (c.is_whitespace() && !c.is_control())
            || matches!(c, '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
    };
    let wrong = value.chars().find(|&c| !allowed(c));
    ensure(wrong.is_none(), || {
        format!(
            "{:?} is not allowed in the {part} of a tag, {value:?}: letters, digits, spaces and \
             _ . : / = + - @ are",
            wrong.unwrap_or_default()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::tests::{accepts, refuses};

    #[test]
    fn accounts() {
        accepts(account_id, &["123456789012", "000000000000"]);
        refuses(account_id, &["", "12345678901", "1234567890123", "12345678901a", "١٢٣٤٥٦"]);
    }

    #[test]
    fn regions_of_every_partition() {
        accepts(
            region,
            &[
                "us-east-1",
                "ap-southeast-5",
                "us-gov-west-1",
                "cn-northwest-1",
                "us-iso-east-1",
                "us-isob-east-1",
                "eu-isoe-west-1",
                "eusc-de-east-1",
            ],
        );
        refuses(region, &["", "useast1", "us-east", "us-east-", "US-EAST-1", "east-1", "us--1"]);
        refuses(region, &["us-east-1a", "us-east-100", "eu central 1"]);
    }

    #[test]
    fn keys_of_tags() {
        let longest = "ä".repeat(128);
        accepts(tag_key, &["Name", "kubernetes.io/cluster/a", "a b:c=d+e-f@g_h", "日本", &longest]);
        refuses(
            tag_key,
            &["", "aws:x", "AWS:x", "Aws:", "a#b", "a\nb", "a*", &format!("{longest}x")],
        );
        assert_eq!(
            tag_key("a#b").unwrap_err(),
            "'#' is not allowed in the key of a tag, \"a#b\": letters, digits, spaces and \
             _ . : / = + - @ are"
        );
        // What only looks like the prefix.
        accepts(tag_key, &["aws", "awsome:x", "ää:a"]);
    }

    #[test]
    fn values_of_tags() {
        accepts(tag_value, &["", "aws:x", "a b", &"x".repeat(256)]);
        refuses(tag_value, &["<a>", "a\tb", &"x".repeat(257)]);
    }
}
