//! Durations as Kargo has them.
//!
//! Kargo's webhooks write every duration anew, in the form that Go prints:
//! `5m` comes back as `5m0s`. All spellings of one length mean the same.

use std::time::Duration;

use crate::framework::checks::parse_go_duration;

/// The form in which Go prints a duration, and Kargo writes it; a text that is
/// no duration stays as it is.
pub fn canonical(text: &str) -> String {
    parse_go_duration(text).map_or_else(|_| text.to_owned(), print)
}

/// By the rules of Go's `time.Duration.String`.
fn print(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let part = |unit: u128, name: &str| {
        let (whole, fraction) = (nanos / unit, nanos % unit);
        if fraction == 0 {
            return format!("{whole}{name}");
        }
        let digits = unit.ilog10() as usize;
        let fraction = format!("{fraction:0digits$}");
        format!("{whole}.{}{name}", fraction.trim_end_matches('0'))
    };
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => part(1_000, "µs"),
        1_000_000..1_000_000_000 => part(1_000_000, "ms"),
        _ => {
            let seconds = duration.as_secs();
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            let rest = Duration::new(seconds % 60, duration.subsec_nanos());
            let rest = match rest.subsec_nanos() {
                0 => format!("{}s", rest.as_secs()),
                nanos => {
                    let fraction = format!("{nanos:09}");
                    format!("{}.{}s", rest.as_secs(), fraction.trim_end_matches('0'))
                }
            };
            match (hours, minutes) {
                (0, 0) => rest,
                (0, minutes) => format!("{minutes}m{rest}"),
                (hours, minutes) => format!("{hours}h{minutes}m{rest}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_printed_as_go_does() {
        for (nanos, text) in [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (90_000_000_000, "1m30s"),
            (300_000_000_000, "5m0s"),
            (5_400_000_000_000, "1h30m0s"),
            (3_600_000_000_000, "1h0m0s"),
            (3_605_000_000_001, "1h0m5.000000001s"),
        ] {
            assert_eq!(print(Duration::from_nanos(nanos)), text);
        }
    }

    #[test]
    fn what_is_no_duration_stays_as_it_is() {
        assert_eq!(canonical("90m"), "1h30m0s");
        assert_eq!(canonical("soon"), "soon");
    }
}
