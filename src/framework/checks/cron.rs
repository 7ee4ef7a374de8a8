//! Cron schedules as `robfig/cron` reads them, the library of Argo CD.

use super::{Check, ensure, time_zone};

/// A schedule of five fields: minute, hour, day of the month, month, day of the
/// week, such as `0 22 * * mon-fri`. `TZ=Europe/Berlin` may stand in front.
///
/// `@daily` and its like are refused as sync windows refuse them, with the
/// fields that they stand for.
pub fn cron_schedule(value: &str) -> Check {
    let mut fields = value;
    if let Some(zone) = value.strip_prefix("CRON_TZ=").or_else(|| value.strip_prefix("TZ=")) {
        let (zone, rest) = zone
            .split_once(' ')
            .ok_or_else(|| format!("{value:?} is not a cron schedule: no fields after the zone"))?;
        time_zone(zone)?;
        fields = rest;
    }
    if let Some((_, same)) = DESCRIPTORS.iter().find(|(name, _)| *name == fields.trim()) {
        return Err(format!("{value:?} is not understood as a cron schedule: write {same:?}"));
    }
    let fields: Vec<&str> = fields.split_whitespace().collect();
    ensure(fields.len() == FIELDS.len(), || {
        format!(
            "{value:?} is not a cron schedule: it has {} fields, of 5: minute, hour, day of the \
             month, month, day of the week",
            fields.len()
        )
    })?;
    for (text, field) in fields.iter().zip(&FIELDS) {
        field.check(text).map_err(|why| {
            format!("{value:?} is not a cron schedule: {text:?} as the {}: {why}", field.name)
        })?;
    }
    Ok(())
}

const DESCRIPTORS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    /// Names of the numbers from `least` on.
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, names: &[] },
    Field { name: "hour", least: 0, most: 23, names: &[] },
    Field { name: "day of the month", least: 1, most: 31, names: &[] },
    Field {
        name: "month",
        least: 1,
        most: 12,
        names: &[
            "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
        ],
    },
    Field {
        name: "day of the week",
        least: 0,
        most: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

impl Field {
    fn check(&self, text: &str) -> Check {
        text.split(',').try_for_each(|range| self.check_range(range))
    }

    /// `*`, `?`, `5`, `1-5`, each with an optional `/step`.
    fn check_range(&self, text: &str) -> Check {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (text, None),
        };
        if let Some(step) = step {
            let step = step.parse::<u32>().ok().filter(|&step| step > 0);
            ensure(step.is_some(), || "the step after \"/\" is not a number above 0".to_owned())?;
        }
        if matches!(range, "*" | "?") {
            return Ok(());
        }
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (self.number(first)?, self.number(last)?),
            None => (self.number(range)?, self.number(range)?),
        };
        ensure(first <= last, || format!("{range} runs backwards"))
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let Self { least, most, names, .. } = self;
        let named = names.iter().zip(*least..).find(|(name, _)| text.eq_ignore_ascii_case(name));
        if let Some((_, number)) = named {
            return Ok(number);
        }
        let number = text.parse().ok().filter(|number| (least..=most).contains(&number));
        number.ok_or_else(|| match names {
            [first, .., last] => {
                format!("{text:?} is not between {least} and {most} or {first} and {last}")
            }
            _ => format!("{text:?} is not between {least} and {most}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::tests::{accepts, refuses};

    #[test]
    fn schedules() {
        accepts(
            cron_schedule,
            &[
                "* * * * *",
                "? ? ? ? ?",
                "0 22 * * *",
                "*/15 0-6/2 1,15 jan-mar MON-Fri",
                "5/10 * 31 12 6",
                " 0  0 * * 0 ",
                "TZ=Europe/Berlin 0 0 * * *",
                "CRON_TZ=UTC 0 0 * * *",
            ],
        );
        refuses(
            cron_schedule,
            &[
                "",
                "* * * *",
                "* * * * * *",
                "60 * * * *",
                "* 24 * * *",
                "* * 0 * *",
                "* * 32 * *",
                "* * * 0 *",
                "* * * 13 *",
                "* * * * 7",
                "* * * mon *",
                "5-1 * * * *",
                "1-2-3 * * * *",
                "*/0 * * * *",
                "*/x * * * *",
                "1/2/3 * * * *",
                "-1 * * * *",
                "1, * * * *",
                "a * * * *",
                "TZ=Nowhere 0 0 * * *",
                "TZ=UTC",
                "@every 1h",
            ],
        );
    }

    #[test]
    fn the_field_and_what_is_wrong_with_it_are_named() {
        assert_eq!(
            cron_schedule("0 22 * * mon-sat,8").unwrap_err(),
            "\"0 22 * * mon-sat,8\" is not a cron schedule: \"mon-sat,8\" as the day of the week: \
             \"8\" is not between 0 and 6 or sun and sat"
        );
    }

    #[test]
    fn a_descriptor_is_refused_with_the_fields_it_stands_for() {
        for (name, same) in DESCRIPTORS {
            let rule = cron_schedule(name).unwrap_err();
            assert!(rule.ends_with(&format!("write {same:?}")), "{rule}");
            assert_eq!(cron_schedule(same), Ok(()));
        }
    }
}
