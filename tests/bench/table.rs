//! Figures beside their budgets, as Markdown.

use std::fmt;
use std::time::Duration;

/// A table of `docs/performance.md`.
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
}

/// One figure.
pub(crate) struct Row {
    what: String,
    figure: Figure,
    /// What it may be at most.
    budget: Option<Budget>,
}

/// A limit, and in words where it is from.
struct Budget {
    most: f64,
    because: String,
}

/// What can be measured.
#[derive(Clone, Copy)]
pub(crate) enum Figure {
    Time(Duration),
    Bytes(u64),
}

impl Figure {
    fn number(self) -> f64 {
        match self {
            Self::Time(time) => time.as_secs_f64(),
            // Sizes are far below the 52 bits of precision.
            #[expect(clippy::cast_precision_loss, reason = "a size of megabytes")]
            Self::Bytes(bytes) => bytes as f64,
        }
    }

    fn show(self, number: f64) -> String {
        const KIB: f64 = 1024.0;
        match self {
            Self::Time(_) if number < 0.001 => format!("{:.0} µs", number * 1e6),
            Self::Time(_) if number < 0.1 => format!("{:.1} ms", number * 1e3),
            Self::Time(_) => format!("{number:.2} s"),
            Self::Bytes(_) if number < KIB * KIB => format!("{:.0} KiB", number / KIB),
            Self::Bytes(_) => format!("{:.1} MiB", number / KIB / KIB),
        }
    }
}

impl Row {
    /// A figure that nothing is asked of.
    pub(crate) fn free(what: impl Into<String>, figure: Figure) -> Self {
        Self { what: what.into(), figure, budget: None }
    }

    /// A figure with a limit.
    pub(crate) fn within(
        what: impl Into<String>,
        figure: Figure,
        most: Figure,
        because: impl Into<String>,
    ) -> Self {
        let budget = Budget { most: most.number(), because: because.into() };
        Self { what: what.into(), figure, budget: Some(budget) }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n### {}\n", self.title)?;
        writeln!(f, "| | measured | budget | of the budget |\n|---|---:|---|---:|")?;
        for Row { what, figure, budget } in &self.rows {
            let number = figure.number();
            let measured = figure.show(number);
            match budget {
                None => writeln!(f, "| {what} | {measured} | | |")?,
                Some(Budget { most, because }) => {
                    let missed = if number > *most { " **missed**" } else { "" };
                    let because = if because.is_empty() { "" } else { &format!(": {because}") };
                    let most_shown = figure.show(*most);
                    let ratio = number / most;
                    writeln!(
                        f,
                        "| {what} | {measured} | ≤ {most_shown}{because} | {ratio:.2}{missed} |"
                    )?;
                }
            }
        }
        Ok(())
    }
}

/// The one in the middle.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
