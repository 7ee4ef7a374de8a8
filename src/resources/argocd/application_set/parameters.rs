//! How parameters are written, as far as that can be known without them.

/// Words of Go's templates that open a block, which `end` closes.
const BLOCKS: [&str; 5] = ["if", "range", "with", "define", "block"];
/// What may stand alone and is no parameter: words of the language, and the functions of Sprig that
/// take no arguments.
const ALONE: [&str; 12] = [
    "end", "else", "break", "continue", "true", "false", "nil", "now", "uuidv4", "dict", "list",
    "tuple",
];

/// Checks a text in the language of Go's templates: that every action, text and parenthesis is
/// closed and every block is ended, and that parameters are not written as they are without
/// `go_template`.
pub(super) fn go_syntax(text: &str) -> Result<(), String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let action = &rest[start + 2..];
        let length = action_length(action)?;
        let (inside, after) = (&action[..length], &action[length + 2..]);
        rest = after;
        let inside = inside.strip_prefix('-').unwrap_or(inside);
        let inside = inside.strip_suffix('-').unwrap_or(inside).trim();
        if inside.starts_with("/*") {
            continue;
        }
        check_action(inside, &mut blocks)?;
    }
    match blocks.pop() {
        None => Ok(()),
        Some(word) => Err(format!("{{{{{word}}}}} has no {{{{end}}}}")),
    }
}

fn check_action<'a>(inside: &'a str, blocks: &mut Vec<&'a str>) -> Result<(), String> {
    let shown = format!("{{{{{inside}}}}}");
    let word = inside.split_whitespace().next();
    let Some(word) = word else { return Err("{{}} has nothing in it".to_owned()) };
    if BLOCKS.contains(&word) {
        blocks.push(word);
    } else if word == "end" {
        if blocks.pop().is_none() {
            return Err("{{end}} ends nothing".to_owned());
        }
    } else if word == "else" {
        if blocks.is_empty() {
            return Err(format!("{shown} is in no block"));
        }
    } else if inside == word && is_name(word) && !ALONE.contains(&word) {
        return Err(format!(
            "{shown} calls a function that there is not: with go_template a parameter begins with \
             a dot, {{{{.{word}}}}}"
        ));
    }
    Ok(())
}

/// A name as parameters have them, `path.basename`.
fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// How long an action is, up to the braces that close it.
fn action_length(action: &str) -> Result<usize, String> {
    let unclosed = || format!("{{{{{} is not closed by }}}}", shortened(action));
    let bare = action.strip_prefix('-').unwrap_or(action).trim_start();
    if bare.starts_with("/*") {
        let comment = action.find("*/").ok_or_else(unclosed)?;
        return action[comment..].find("}}").map(|at| comment + at).ok_or_else(unclosed);
    }
    let (mut quote, mut escaped, mut depth) = (None, false, 0_usize);
    for (at, c) in action.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            // A raw text has no escapes.
            Some(open) if c == '\\' && open != '`' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if action[at..].starts_with("}}") => {
                return if depth == 0 {
                    Ok(at)
                } else {
                    Err(format!("a parenthesis in {{{{{}}}}} is not closed", &action[..at]))
                };
            }
            None => match c {
                '"' | '`' | '\'' => quote = Some(c),
                '(' => depth += 1,
                ')' => {
                    depth = depth.checked_sub(1).ok_or_else(|| {
                        format!("a parenthesis in {{{{{} was not opened", shortened(action))
                    })?;
                }
                _ => {}
            },
        }
    }
    Err(match quote {
        Some(_) => format!("a text in {{{{{} is not closed", shortened(action)),
        None => unclosed(),
    })
}

/// Checks a text whose parameters are only replaced, where something has to come of all of them.
pub(super) fn plain_syntax(text: &str) -> Result<(), String> {
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let after = &rest[start + 2..];
        let Some(end) = after.find("}}") else {
            return Err(format!("{{{{{} is not closed by }}}}", shortened(after)));
        };
        let name = after[..end].trim();
        if name.starts_with(['.', '-', '$', '"']) || name.contains(char::is_whitespace) {
            return Err(format!(
                "{{{{{name}}}}} is of Go's templates, which need go_template = true: without it a \
                 parameter is only its name, as in {{{{name}}}}"
            ));
        }
        rest = &after[end + 2..];
    }
    Ok(())
}

/// A text without what is in the braces of its parameters.
pub(super) fn outside(text: &str) -> String {
    let mut parts = text.split("{{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + part.split_once("}}").map(|(_, after)| after).unwrap_or_default()
    })
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= 30 {
        return line.to_owned();
    }
    line.chars().take(30).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_of_go_are_read_like_go_reads_them() {
        for good in [
            "",
            "no parameter",
            "{{.name}}-{{ .values.env }}",
            "{{- .name -}}",
            "{{ index .metadata.labels \"a}}b\" }}",
            "{{ `raw \\` }}",
            "{{/* a \"comment */}}",
            "{{if .a}}x{{else if .b}}y{{else}}z{{end}}",
            "{{range $i, $e := .list}}{{$e}}{{end}}",
            "{{ (index .path.segments 0) | lower }}",
            "{{ now }}",
            "}} alone",
        ] {
            assert_eq!(go_syntax(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("{{.name", "{{.name is not closed by }}"),
            ("{{ \"a }}", "a text in {{ \"a }} is not closed"),
            ("{{ (.a }}", "a parenthesis in {{ (.a }} is not closed"),
            ("{{ .a) }}", "a parenthesis in {{ .a) }} was not opened"),
            ("{{}}", "{{}} has nothing in it"),
            ("{{/* a }}", "{{/* a }} is not closed by }}"),
            ("{{if .a}}x", "{{if}} has no {{end}}"),
            ("x{{end}}", "{{end}} ends nothing"),
            ("{{else}}", "{{else}} is in no block"),
        ] {
            assert_eq!(go_syntax(bad), Err(why.to_owned()), "{bad}");
        }
        let error = go_syntax("{{path.basename}}").unwrap_err();
        assert!(error.ends_with("{{.path.basename}}"), "{error}");
    }

    #[test]
    fn a_parameter_of_the_other_language_is_seen() {
        for good in ["", "a{{name}}", "{{ path.basename }}", "{{values.a-b}}", "{{path[0]}}"] {
            assert_eq!(plain_syntax(good), Ok(()), "{good}");
        }
        for bad in ["{{.name}}", "{{ .name }}", "{{if x}}", "{{name", "{{name | lower}}"] {
            assert!(plain_syntax(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_outside_of_parameters_is_known() {
        assert_eq!(outside("a-{{.x}}-b{{y}}"), "a--b");
        assert_eq!(outside("plain"), "plain");
        assert_eq!(outside("a{{open"), "a");
    }
}
