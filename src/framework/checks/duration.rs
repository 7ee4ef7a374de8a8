//! Durations as Go writes them: `1h30m`, `1.5h`, `300ms`.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

use super::{Check, ensure};

/// A duration in Go's notation (`time.ParseDuration`), not negative.
pub fn go_duration(value: &str) -> Check {
    parse_go_duration(value).map(drop)
}

/// A duration for a field of Kargo, which knows hours, minutes and seconds only.
pub fn kargo_duration(value: &str) -> Check {
    // Go reads more: a sign, `.5s`, `1.s`, a bare `0`, finer units.
    static PATTERN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^([0-9]+(\.[0-9]+)?[hms])+$").expect("a constant pattern"));
    parse_go_duration(value)?;
    ensure(PATTERN.is_match(value), || {
        format!("{value:?} is not a duration in hours, minutes and seconds, such as \"1h30m\"")
    })
}

/// Whether two texts are the same duration: `5m` is `300s`.
pub fn same_go_duration(a: &str, b: &str) -> bool {
    a == b || matches!((parse_go_duration(a), parse_go_duration(b)), (Ok(a), Ok(b)) if a == b)
}

/// Reads a duration in Go's notation: numbers with units (`ns`, `us`, `µs`,
/// `ms`, `s`, `m`, `h`), as in `1h15m30.5s`, or `0`.
///
/// # Errors
/// The broken rule, when the text is no such duration, is negative, or is
/// longer than the 292 years that Go can hold.
pub fn parse_go_duration(value: &str) -> Result<Duration, String> {
    let malformed = || {
        format!(
            "{value:?} is not a duration: numbers with units (h, m, s, ms, us, ns), such as \
             \"1h30m\" or \"45s\""
        )
    };
    let (negative, text) = match value.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, value.strip_prefix('+').unwrap_or(value)),
    };
    ensure(!text.is_empty(), malformed)?;
    let mut total: u128 = 0;
    let mut rest = if text == "0" { "" } else { text };
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
        ensure(!whole.is_empty() || !fraction.is_empty(), malformed)?;
        let (unit, after) = split_unit(after).ok_or_else(malformed)?;
        let part = in_nanoseconds(whole, fraction, unit).unwrap_or(u128::MAX);
        total = total.saturating_add(part);
        rest = after;
    }
    let nanoseconds = i64::try_from(total)
        .map_err(|_| format!("{value:?} is longer than the 292 years that a duration can hold"))?;
    ensure(!negative || nanoseconds == 0, || {
        format!("{value:?} is negative, where a length of time is asked for")
    })?;
    Ok(Duration::from_nanos(nanoseconds.unsigned_abs()))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// The unit that a text begins with, in nanoseconds, and what follows it.
fn split_unit(text: &str) -> Option<(u128, &str)> {
    let end = text.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(text.len());
    let (unit, rest) = text.split_at(end);
    let nanoseconds = match unit {
        "ns" => 1,
        // Both micro signs: U+00B5 and the Greek letter U+03BC.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3_600 * 1_000_000_000,
        _ => return None,
    };
    Some((nanoseconds, rest))
}

/// `whole.fraction` units, cut to whole nanoseconds; `None` when far too many.
fn in_nanoseconds(whole: &str, fraction: &str, unit: u128) -> Option<u128> {
    let number = |digits: &str| if digits.is_empty() { Some(0_u128) } else { digits.parse().ok() };
    // Beyond 20 places nothing reaches a nanosecond of even an hour.
    let fraction = &fraction[..fraction.len().min(20)];
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = number(fraction)?.checked_mul(unit)? / scale;
    number(whole)?.checked_mul(unit)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::tests::{accepts, refuses};

    #[test]
    fn every_unit_is_read() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("+0", 0),
            ("-0s", 0),
            ("0s", 0),
            ("5ns", 5),
            ("5us", 5_000),
            ("5µs", 5_000),
            ("5μs", 5_000),
            ("5ms", 5_000_000),
            ("+5s", 5_000_000_000),
            ("1h15m30.918273645s", 4_530_918_273_645),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1m1m", 120_000_000_000),
            ("0.1h", 360_000_000_000),
            ("0.3333333333333333333h", 1_199_999_999_999),
            ("9223372036854775807ns", 9_223_372_036_854_775_807),
        ] {
            assert_eq!(parse_go_duration(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn what_go_cannot_read_is_refused() {
        let bad = ["", "+", "-", "5", "s", "5 s", "5d", "1day", "5 minutes", ".s", "1h ", "--5s"];
        refuses(go_duration, &bad);
        refuses(go_duration, &["PT5M", "5S", "1.2.3s", "9223372036854775808ns", "3000000h"]);
        refuses(go_duration, &[&format!("{}h", "9".repeat(60))]);
    }

    #[test]
    fn a_negative_length_of_time_is_refused() {
        let rule = parse_go_duration("-5m").unwrap_err();
        assert_eq!(rule, "\"-5m\" is negative, where a length of time is asked for");
    }

    #[test]
    fn durations_are_compared_by_value() {
        assert!(same_go_duration("5m", "5m0s"));
        assert!(same_go_duration("300s", "5m"));
        assert!(same_go_duration("90m", "1h30m0s"));
        assert!(!same_go_duration("5m", "5m1s"));
        assert!(!same_go_duration("5m", ""));
        // Two texts that are no durations are the same only as texts.
        assert!(same_go_duration("x", "x"));
        assert!(!same_go_duration("x", "y"));
    }

    #[test]
    fn kargo_knows_hours_minutes_and_seconds() {
        accepts(kargo_duration, &["0s", "5m", "5m0s", "1h30m", "1.5h", "300s", "1m1m"]);
        refuses(kargo_duration, &["", "0", "1d", "500ms", "5us", ".5s", "1.s", "+5m", "-5m", "5"]);
        assert_eq!(
            kargo_duration("500ms").unwrap_err(),
            "\"500ms\" is not a duration in hours, minutes and seconds, such as \"1h30m\""
        );
    }
}
