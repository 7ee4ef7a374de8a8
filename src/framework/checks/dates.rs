//! Instants and time zones.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use regex::Regex;

use super::{Check, ensure};

/// An instant as RFC 3339 writes it: `2026-11-21T08:30:00Z`, with an offset
/// instead of `Z` and a fraction of the second where wanted.
pub fn rfc3339(value: &str) -> Check {
    // Jiff reads more notations than the API servers do, and leap seconds.
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        let date = r"[0-9]{4}-[0-9]{2}-[0-9]{2}";
        let time = r"[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]+)?";
        let offset = r"(Z|[+-][0-9]{2}:[0-9]{2})";
        Regex::new(&format!("^{date}T{time}{offset}$")).expect("a constant pattern")
    });
    ensure(PATTERN.is_match(value) && value.parse::<Timestamp>().is_ok(), || {
        format!("{value:?} is not a time of RFC 3339, such as \"2026-11-21T08:30:00Z\"")
    })
}

/// A time zone by its IANA name, in its exact spelling: `Europe/Berlin`, `UTC`.
///
/// The names are those that the program was built with, on any machine.
pub fn time_zone(value: &str) -> Check {
    static NAMES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        TimeZoneDatabase::bundled().available().map(|name| name.as_str().to_owned()).collect()
    });
    if NAMES.contains(value) {
        return Ok(());
    }
    // Linux controllers look the name up as a file.
    let meant = NAMES.iter().find(|name| name.eq_ignore_ascii_case(value));
    Err(match meant {
        Some(name) => format!("{value:?} is not the name of a time zone: it is spelled {name:?}"),
        None => format!(
            "{value:?} is not the name of a time zone of the IANA database, such as \
             \"Europe/Berlin\" or \"UTC\""
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::tests::{accepts, refuses};

    #[test]
    fn instants() {
        accepts(
            rfc3339,
            &[
                "2026-11-21T08:30:00Z",
                "2026-11-21T08:30:00.123456789Z",
                "2026-11-21T08:30:00+01:00",
                "2024-02-29T23:59:59-00:30",
            ],
        );
        refuses(
            rfc3339,
            &[
                "",
                "2026-11-21",
                "2026-11-21T08:30Z",
                "2026-11-21T08:30:00",
                "2026-11-21 08:30:00Z",
                "2026-11-21t08:30:00z",
                "2026-11-21T08:30:00+0100",
                "2026-11-21T08:30:60Z",
                "2026-02-29T08:30:00Z",
                "2026-13-01T08:30:00Z",
                "2026-11-21T24:00:00Z",
                "2026-11-21T08:30:00Z[UTC]",
                "tomorrow",
            ],
        );
    }

    #[test]
    fn zones() {
        accepts(time_zone, &["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5"]);
        refuses(time_zone, &["", "Berlin", "CEST", "UTC+1", "Local", "../etc/passwd"]);
        assert_eq!(
            time_zone("europe/berlin").unwrap_err(),
            "\"europe/berlin\" is not the name of a time zone: it is spelled \"Europe/Berlin\""
        );
    }
}
