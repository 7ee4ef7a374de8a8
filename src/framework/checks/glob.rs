//! Glob patterns and the pattern notation of Kargo.

use super::{Check, ensure, regex};

/// A glob with `*`, `**`, `?`, `[a-z]`, `[!a-z]` and `{a,b}`, where `\` takes
/// the next character as it is (Go's `doublestar`, which Kargo uses).
pub fn glob(value: &str) -> Check {
    let broken = |why: &str| format!("{value:?} is not a glob pattern: {why}");
    let mut open_braces = 0_usize;
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                ensure(rest.next().is_some(), || broken("it ends with \"\\\""))?;
            }
            '[' => class(&mut rest).map_err(broken)?,
            '{' => open_braces += 1,
            '}' => {
                open_braces = open_braces
                    .checked_sub(1)
                    .ok_or_else(|| broken("it has a \"}\" without its \"{\""))?;
            }
            _ => {}
        }
    }
    ensure(open_braces == 0, || broken("it has a \"{\" without its \"}\""))
}

/// A name or path as Kargo selects by it: the name itself, or the folder with
/// all below it; `glob:PATTERN`; `regex:PATTERN` (also `regexp:`).
pub fn kargo_pattern(value: &str) -> Check {
    if let Some(pattern) = value.strip_prefix("glob:") {
        return glob(pattern);
    }
    match value.strip_prefix("regex:").or_else(|| value.strip_prefix("regexp:")) {
        Some(pattern) => regex(pattern),
        None => Ok(()),
    }
}

/// The rest of a class after its `[`.
fn class(rest: &mut std::str::Chars<'_>) -> Result<(), &'static str> {
    const OPEN: &str = "it has a \"[\" without its \"]\"";
    let mut next = rest.next();
    if matches!(next, Some('^' | '!')) {
        next = rest.next();
    }
    if next == Some(']') {
        return Err("it has an empty class []");
    }
    while let Some(c) = next {
        match c {
            ']' => return Ok(()),
            '\\' => drop(rest.next()),
            _ => {}
        }
        next = rest.next();
    }
    Err(OPEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::checks::tests::{accepts, refuses};

    #[test]
    fn globs() {
        accepts(
            glob,
            &["", "*", "**/*.yaml", "a?c", "[a-z]*", "[!a]", "[^a]", "[a\\]]", "{a,{b,c}}", "\\["],
        );
        refuses(glob, &["[", "[]", "[!]", "[^]a]", "[a", "{a", "a}", "{a}}", "a\\", "[a\\"]);
        assert_eq!(
            glob("{a").unwrap_err(),
            "\"{a\" is not a glob pattern: it has a \"{\" without its \"}\""
        );
    }

    #[test]
    fn what_has_no_prefix_is_taken_as_it_is() {
        accepts(kargo_pattern, &["prod", "charts/app", ".", "(", "{"]);
        accepts(kargo_pattern, &["glob:prod-*", "regex:^prod-[0-9]+$", "regexp:a|b"]);
        refuses(kargo_pattern, &["glob:[", "regex:(", "regexp:(", "regex:*"]);
    }
}
