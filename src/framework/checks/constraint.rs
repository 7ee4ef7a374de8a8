//! Constraints on semantic versions as `Masterminds/semver` v3 reads them, the
//! library of Kargo, Argo CD and Helm.

use std::cmp::Ordering;
use std::str::FromStr;

use semver::{BuildMetadata, Prerelease, Version};

use super::{Check, ensure};

/// A constraint on semantic versions, such as `^1.2`, `>=1.0 <3.0, !=2.1.x` or
/// `~1.2.3 || 2.0 - 2.4`.
pub fn semver_constraint(value: &str) -> Check {
    Constraint::from_str(value).map(drop)
}

/// A constraint on semantic versions: one of several groups of terms, all of
/// which a version must meet.
///
/// Operators are `=` (or none), `!=`, `>`, `<`, `>=`, `<=`, `~`, `~>` and `^`;
/// versions may lack parts or have `x`, `X` or `*` for them. Blanks and commas
/// mean "and", `||` means "or", `1.2 - 2.3` is a range with both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    groups: Vec<Vec<Term>>,
}

impl Constraint {
    /// Whether a version, in full or short (`v1`, `1.2`), meets the constraint.
    ///
    /// A pre-release does so only where a term of the group has one too. What
    /// is no version does not.
    pub fn matches(&self, version: &str) -> bool {
        let Some((written, "")) = Written::read(version) else { return false };
        let open = |part: &&str| part.contains(|c: char| !c.is_ascii_digit());
        let Some((version, _)) = written.version() else { return false };
        if written.parts.iter().any(open) {
            return false;
        }
        self.groups.iter().any(|group| {
            let wants_pre = group.iter().any(|term| !term.version.pre.is_empty());
            (version.pre.is_empty() || wants_pre) && group.iter().all(|term| term.met_by(&version))
        })
    }
}

impl FromStr for Constraint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let written: Vec<&str> = text.split("||").collect();
        let mut groups = Vec::with_capacity(written.len());
        for (index, group) in written.iter().enumerate() {
            let read = read_group(group).ok_or_else(|| malformed(text, group))?;
            // The library takes `1||2 - 3` apart in the wrong place.
            let glued = (read.range_first && index > 0 && !group.starts_with(BLANK))
                || (read.range_last && index + 1 < written.len() && !group.ends_with(BLANK));
            ensure(!glued, || {
                format!("{text:?} has a range right beside \"||\", which needs a blank between")
            })?;
            groups.push(read.terms);
        }
        Ok(Self { groups })
    }
}

fn malformed(text: &str, group: &str) -> String {
    let within = if group == text { String::new() } else { format!(" ({:?})", group.trim()) };
    format!(
        "{text:?} is not a constraint on versions{within}: terms such as \"^1.2.3\", \"~1.2\", \
         \">=1.0.0 <2.0.0\" or \"1.x\", alternatives after \"||\""
    )
}

/// An operator and a version.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    operator: Operator,
    /// With zeros for what is left open.
    version: Version,
    open: Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// The first part of a version that is left open, and all after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Patch,
    Minor,
    Major,
}

impl Term {
    /// Whether a version meets this term, in the corner cases as the library has
    /// it: `!=x` is met by every version but 0.0.0.
    fn met_by(&self, v: &Version) -> bool {
        let (c, open) = (&self.version, self.open);
        let order = v.cmp_precedence(c);
        match self.operator {
            Operator::Equal if open == Open::Nothing => order == Ordering::Equal,
            Operator::Equal | Operator::Tilde => self.met_as_tilde(v),
            Operator::NotEqual => match open {
                Open::Minor => v.major != c.major,
                Open::Patch => (v.major, v.minor, &v.pre) != (c.major, c.minor, &c.pre),
                Open::Major | Open::Nothing => order != Ordering::Equal,
            },
            // `>1.2` asks for 1.3 and `>1` for 2.
            Operator::Greater => match open {
                Open::Minor => v.major > c.major,
                Open::Patch => (v.major, v.minor) > (c.major, c.minor),
                Open::Major | Open::Nothing => order == Ordering::Greater,
            },
            Operator::Less => order == Ordering::Less,
            Operator::GreaterOrEqual => order != Ordering::Less,
            // `<=1.2` lets all of 1.2 pass and `<=1` all of 1.
            Operator::LessOrEqual => match open {
                Open::Nothing => order != Ordering::Greater,
                Open::Minor => v.major <= c.major,
                Open::Patch | Open::Major => (v.major, v.minor) <= (c.major, c.minor),
            },
            Operator::Caret => order != Ordering::Less && self.met_as_caret(v),
        }
    }

    fn met_as_tilde(&self, v: &Version) -> bool {
        let (c, open) = (&self.version, self.open);
        if v.cmp_precedence(c) == Ordering::Less {
            return false;
        }
        // `~0.0.0` and `~*` let everything pass.
        if (c.major, c.minor, c.patch) == (0, 0, 0) && matches!(open, Open::Nothing | Open::Major) {
            return true;
        }
        v.major == c.major && (v.minor == c.minor || open == Open::Minor)
    }

    /// For versions that are not less: the first part that is not 0 must stay.
    fn met_as_caret(&self, v: &Version) -> bool {
        let (c, open) = (&self.version, self.open);
        if c.major > 0 || open == Open::Minor {
            v.major == c.major
        } else if v.major > 0 {
            false
        } else if c.minor > 0 || open == Open::Patch {
            v.minor == c.minor
        } else {
            v.minor == 0 && v.patch == c.patch
        }
    }
}

/// Terms that must all be met.
#[derive(Default)]
struct Group {
    terms: Vec<Term>,
    /// Whether the first of them is a range, `1.2 - 2.3`.
    range_first: bool,
    /// Whether the last of them is one.
    range_last: bool,
}

/// Reads terms that are joined by blanks and commas.
fn read_group(text: &str) -> Option<Group> {
    let mut group = Group::default();
    let mut rest = text.trim_start_matches(BLANK);
    let mut after_blank = false;
    loop {
        let (operator, after) = read_operator(rest);
        let (first, after) = Written::read(after.trim_start_matches(BLANK))?;
        rest = after;
        let range_end = read_range_end(rest);
        group.range_last = range_end.is_some();
        if let Some((last, after)) = range_end {
            // A range has no operator, and needs a comma before it.
            if operator.is_some() || after_blank {
                return None;
            }
            group.range_first |= group.terms.is_empty();
            group.terms.push(first.term(Operator::GreaterOrEqual)?);
            group.terms.push(last.term(Operator::LessOrEqual)?);
            rest = after;
        } else {
            group.terms.push(first.term(operator.unwrap_or(Operator::Equal))?);
        }
        let after = rest.trim_start_matches(BLANK);
        if after.is_empty() {
            return Some(group);
        }
        let blank = after.len() < rest.len();
        rest = match after.strip_prefix(',') {
            Some(after) => {
                after_blank = false;
                after.trim_start_matches(BLANK)
            }
            // After a range the library puts a blank by itself.
            None if blank || group.range_last => {
                after_blank = !group.range_last;
                after
            }
            None => return None,
        };
    }
}

const BLANK: [char; 5] = [' ', '\t', '\n', '\r', '\x0c'];

fn read_operator(text: &str) -> (Option<Operator>, &str) {
    // The longer ones first.
    let operators = [
        ("!=", Operator::NotEqual),
        (">=", Operator::GreaterOrEqual),
        ("=>", Operator::GreaterOrEqual),
        ("<=", Operator::LessOrEqual),
        ("=<", Operator::LessOrEqual),
        ("~>", Operator::Tilde),
        ("=", Operator::Equal),
        (">", Operator::Greater),
        ("<", Operator::Less),
        ("~", Operator::Tilde),
        ("^", Operator::Caret),
    ];
    for (sign, operator) in operators {
        if let Some(rest) = text.strip_prefix(sign) {
            return (Some(operator), rest);
        }
    }
    (None, text)
}

/// ` - 2.3` after the first version of a range.
fn read_range_end(text: &str) -> Option<(Written<'_>, &str)> {
    let after = text.trim_start_matches(BLANK).strip_prefix('-')?;
    let last = after.trim_start_matches(BLANK);
    let apart = text.starts_with(BLANK) && last.len() < after.len();
    if apart { Written::read(last) } else { None }
}

/// A version as it is written, parts missing or open.
struct Written<'a> {
    parts: [&'a str; 3],
    pre: &'a str,
    build: &'a str,
}

impl<'a> Written<'a> {
    /// Reads a version and returns what follows it.
    fn read(text: &'a str) -> Option<(Self, &'a str)> {
        let of_part = |c: char| c.is_ascii_digit() || matches!(c, 'x' | 'X' | '*');
        let mut rest = text.strip_prefix('v').unwrap_or(text);
        let mut parts = [""; 3];
        (parts[0], rest) = split_while(rest, of_part);
        if parts[0].is_empty() {
            return None;
        }
        for part in &mut parts[1..] {
            let Some(after) = rest.strip_prefix('.') else { break };
            let (found, after) = split_while(after, of_part);
            if found.is_empty() {
                break;
            }
            (*part, rest) = (found, after);
        }
        let (pre, rest) = read_identifiers(rest, '-');
        let (build, rest) = read_identifiers(rest, '+');
        Some((Self { parts, pre, build }, rest))
    }

    fn term(&self, operator: Operator) -> Option<Term> {
        let (version, open) = self.version()?;
        Some(Term { operator, version, open })
    }

    /// The version, with zeros from the first open part on.
    fn version(&self) -> Option<(Version, Open)> {
        let is_open = |part: &str| matches!(part, "" | "x" | "X" | "*");
        let number = |part: &str| part.parse::<u64>().ok();
        let mut numbers = [0; 3];
        let mut open = Open::Nothing;
        for (index, part) in self.parts.iter().enumerate() {
            if is_open(part) {
                open = [Open::Major, Open::Minor, Open::Patch][index];
                break;
            }
            numbers[index] = number(part)?;
        }
        // Behind an open part only the form counts.
        let [major, minor, patch] = numbers;
        let pre = Prerelease::new(self.pre).ok()?;
        BuildMetadata::new(self.build).ok()?;
        Some((Version { major, minor, patch, pre, build: BuildMetadata::EMPTY }, open))
    }
}

/// `-alpha.1` or `+build`, without the sign; nothing where there is none.
fn read_identifiers(text: &str, sign: char) -> (&str, &str) {
    let of_identifier = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    match text.strip_prefix(sign).map(|after| split_while(after, of_identifier)) {
        Some((found, rest)) if !found.is_empty() => (found, rest),
        _ => ("", text),
    }
}

fn split_while(text: &str, kind: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !kind(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::tests::{accepts, refuses};

    #[test]
    fn every_notation_is_read() {
        accepts(
            semver_constraint,
            &[
                "1.2.3",
                "v1.2",
                "1",
                "*",
                "x",
                "1.x.x",
                "1.*",
                "=1.2.3",
                "!=1.2.x",
                ">1",
                "=>1.0",
                "=< 2.0",
                "~1.2.3",
                "~>2",
                "^0.0.3-alpha.1+build.5",
                ">=1.0.0 <2.0.0",
                ">= 1.0, < 2.0 , != 1.5.x",
                " 1.2 - 2.3.4 ",
                "3.0, 1.0 - 2.0",
                "1.0 - 2.0 3.0 - 4.0",
                "1.0 - 2.0 || 3.0 - 4.0",
                "^1 || ~2.1||3.x",
                "01.02.03",
                "1.2.3-x.7.z.92",
                ">= 1.0.0-0",
            ],
        );
    }

    #[test]
    fn what_is_no_constraint_is_refused() {
        refuses(
            semver_constraint,
            &[
                "",
                " ",
                "not a range",
                ">>1",
                "latest",
                "1.2.3.4",
                "1.0 ||",
                "|| 1.0",
                "1.0 | 2.0",
                "1.0,,2.0",
                "1.0,",
                ",1.0",
                ">1.0<2.0",
                "> 1.0 - 2.0",
                "1.0 -2.0",
                "1.0 - 2.0 - 3.0",
                "3.0 1.0 - 2.0",
                "1.0||2.0 - 3.0",
                "1.0 - 2.0||3.0",
                "1.2.",
                "1.2.3-01",
                "1.2.3-a..b",
                "1x",
                "^",
                "V1.0",
                "1.2.3 foo",
                "99999999999999999999",
            ],
        );
        let rule = semver_constraint("^1.0 || nope").unwrap_err();
        assert!(
            rule.starts_with("\"^1.0 || nope\" is not a constraint on versions (\"nope\")"),
            "{rule}"
        );
    }

    #[test]
    fn versions_meet_constraints() {
        for (constraint, met, not_met) in [
            ("1.2.3", &["1.2.3", "v1.2.3", "1.2.3+x"][..], &["1.2.4", "1.2.3-a"][..]),
            ("1.2", &["1.2.0", "1.2.9"], &["1.3.0", "1.1.9"]),
            ("1.x", &["1.0.0", "1.9"], &["2.0.0", "0.9.0"]),
            ("*", &["0.0.0", "9.9.9"], &["1.0.0-rc.1"]),
            ("!=1.2.3", &["1.2.4"], &["1.2.3"]),
            ("!=1.2", &["1.3.0"], &["1.2.0", "1.2.9"]),
            ("!=1", &["2.0.0"], &["1.0.0", "1.9.0"]),
            (">1", &["2.0.0"], &["1.9.9", "1.0.0"]),
            (">1.2", &["1.3.0", "2.0.0"], &["1.2.9"]),
            (">1.2.3", &["1.2.4"], &["1.2.3"]),
            ("<1.2", &["1.1.9"], &["1.2.0"]),
            ("<=1.2", &["1.2.9", "1.1.0"], &["1.3.0", "2.0.0"]),
            ("<=1", &["1.9.9"], &["2.0.0"]),
            (">=1.2", &["1.2.0", "3.0.0"], &["1.1.9"]),
            ("~1.2.3", &["1.2.3", "1.2.9"], &["1.3.0", "1.2.2"]),
            ("~1", &["1.0.0", "1.9.0"], &["2.0.0"]),
            ("~0.0.0", &["5.0.0"], &[]),
            ("^1.2.3", &["1.2.3", "1.9.0"], &["2.0.0", "1.2.2"]),
            ("^0.2.3", &["0.2.3", "0.2.9"], &["0.3.0", "1.0.0"]),
            ("^0.0.3", &["0.0.3"], &["0.0.4", "0.1.0"]),
            ("^0.0", &["0.0.0", "0.0.9"], &["0.1.0"]),
            ("^0", &["0.0.0", "0.9.0"], &["1.0.0"]),
            ("1.2 - 2.3", &["1.2.0", "2.3.9"], &["2.4.0", "1.1.9"]),
            (">=1.0, <2.0 !=1.5.x", &["1.4.0", "1.6.0"], &["1.5.3", "2.0.0"]),
            ("^1 || ^3", &["1.5.0", "3.1.0"], &["2.0.0"]),
            // Pre-releases are asked for by naming one.
            (">=1.0.0", &["1.0.0"], &["1.1.0-rc.1"]),
            (">=1.0.0-0", &["1.0.0-rc.1", "1.1.0-rc.1"], &["0.9.0"]),
            ("^1.0.0-rc.2", &["1.0.0-rc.2", "1.0.0-rc.10", "1.0.0"], &["1.0.0-rc.1"]),
            ("^1 || >=2.0.0-0", &["2.0.0-a"], &["1.1.0-a"]),
            ("1.0.0", &[], &["", "latest", "1.0.0.0", "1.x", "1.0.0 "]),
        ] {
            let parsed: Constraint = constraint.parse().unwrap();
            for version in met {
                assert!(parsed.matches(version), "{version} should meet {constraint}");
            }
            for version in not_met {
                assert!(!parsed.matches(version), "{version} should not meet {constraint}");
            }
        }
    }
}
