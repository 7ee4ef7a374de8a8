//! Patterns with `*` for any run of characters, as IAM's actions and access scopes use them.

/// Whether the whole text matches the pattern.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((prefix, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(prefix) else {
        return false;
    };
    // Between two stars the leftmost occurrence is as good as any; the last part must be the end.
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        match text.split_once(part) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_any_run_of_characters() {
        for (pattern, text) in [
            ("dev-*", "dev-a"),
            ("dev-*", "dev-"),
            ("*", ""),
            ("*-prod", "eu-prod"),
            ("a*b*c", "a--b--c"),
            ("a*b*c", "abbc"),
            ("same", "same"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("dev-*", "dev"),
            ("dev-*", "my-dev-a"),
            ("same", "same-not"),
            ("a*b*c", "a-c"),
            ("ab*ba", "aba"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
