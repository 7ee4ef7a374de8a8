//! Expressions of expr-lang in Kargo's fields: `${{ vars.tag }}` within texts,
//! and bare ones in filters and criteria.
//!
//! Only what makes every expression fail is an error: a delimiter, a bracket or
//! a text that is never closed. Whether a function exists is a guess of this
//! version, and so a warning.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::framework::Path;
use crate::framework::checks::Findings;

/// Kargo's functions in texts with expressions.
pub(super) const TEMPLATE_FUNCTIONS: &[&str] = &[
    "always",
    "artifactFrom",
    "asJSON",
    "asYAML",
    "chartFrom",
    "commitFrom",
    "configMap",
    "failure",
    "freightMetadata",
    "imageFrom",
    "quote",
    "secret",
    "semverDiff",
    "semverParse",
    "sharedConfigMap",
    "sharedSecret",
    "stageMetadata",
    "status",
    "success",
    "unsafeQuote",
    "warehouse",
];

/// Kargo's functions in the criteria of a warehouse.
pub(super) const CRITERIA_FUNCTIONS: &[&str] =
    &["artifactFrom", "chartFrom", "commitFrom", "imageFrom"];

/// Filters have the functions of expr-lang alone.
pub(super) const FILTER_FUNCTIONS: &[&str] = &[];

/// The functions of expr-lang itself, as of 1.17.
const BUILT_IN: &[&str] = &[
    "abs",
    "all",
    "any",
    "bitand",
    "bitnand",
    "bitnot",
    "bitor",
    "bitshl",
    "bitshr",
    "bitushr",
    "bitxor",
    "ceil",
    "concat",
    "count",
    "date",
    "duration",
    "filter",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "first",
    "flatten",
    "float",
    "floor",
    "fromBase64",
    "fromJSON",
    "fromPairs",
    "get",
    "groupBy",
    "hasPrefix",
    "hasSuffix",
    "indexOf",
    "int",
    "join",
    "keys",
    "last",
    "lastIndexOf",
    "len",
    "lower",
    "map",
    "max",
    "mean",
    "median",
    "min",
    "none",
    "now",
    "one",
    "reduce",
    "repeat",
    "replace",
    "reverse",
    "round",
    "sort",
    "sortBy",
    "split",
    "splitAfter",
    "string",
    "sum",
    "take",
    "timezone",
    "toBase64",
    "toJSON",
    "toPairs",
    "trim",
    "trimPrefix",
    "trimSuffix",
    "type",
    "uniq",
    "upper",
    "values",
];

/// Words that a parenthesis may follow without their being functions.
const OPERATORS: &[&str] = &[
    "and",
    "contains",
    "else",
    "endsWith",
    "if",
    "in",
    "let",
    "matches",
    "not",
    "or",
    "startsWith",
];

/// Checks the expressions in a text: `${{ ... }}` and `${% ... %}`.
///
/// Kargo ends an expression at the first closing delimiter, in a string or not.
pub(super) fn template(text: &str, path: &Path, findings: &mut Findings) {
    let mut rest = text;
    while let Some(start) = [rest.find("${{"), rest.find("${%")].into_iter().flatten().min() {
        let (open, after) = rest[start..].split_at(3);
        let close = if open == "${{" { "}}" } else { "%}" };
        let Some((expression, after)) = after.split_once(close) else {
            findings.error(path.clone(), format!("{open:?} in {text:?} has no {close:?} after it"));
            return;
        };
        bare(expression, TEMPLATE_FUNCTIONS, path, findings);
        rest = after;
    }
}

/// Checks one expression by itself, which may call the given functions besides
/// those of expr-lang.
pub(super) fn bare(expression: &str, functions: &[&str], path: &Path, findings: &mut Findings) {
    let shown = expression.trim();
    if shown.is_empty() {
        findings.error(path.clone(), "an expression must not be empty");
        return;
    }
    let calls = match Lexer::new(expression).calls() {
        Ok(calls) => calls,
        Err(why) => {
            findings.error(path.clone(), format!("the expression {shown:?} is broken: {why}"));
            return;
        }
    };
    for call in calls {
        if !functions.contains(&call) && !BUILT_IN.contains(&call) {
            findings.warn(
                path.clone(),
                format!("the expression {shown:?} calls {call}(), which is not known here"),
            );
        }
    }
}

/// Finds brackets, texts and calls in an expression; leaves the grammar alone.
struct Lexer<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, chars: text.char_indices().peekable() }
    }

    /// The functions that are called by name, each once, without methods.
    fn calls(mut self) -> Result<Vec<&'a str>, String> {
        let mut open = Vec::new();
        let mut calls: Vec<&str> = Vec::new();
        let mut own = Vec::new();
        // The word before, and whether it may be a function: `.name(` is a method.
        let mut word = None;
        let mut after_dot = false;
        let mut after_let = false;
        while let Some((at, c)) = self.chars.next() {
            match c {
                c if c.is_whitespace() => continue,
                '\'' | '"' => self.quoted(c)?,
                '`' => self.raw()?,
                '/' if self.next_is('/') => self.skip_line(),
                '/' if self.next_is('*') => self.skip_comment()?,
                '(' | '[' | '{' => {
                    open.push(c);
                    if let Some(name) = word.filter(|_| c == '(')
                        && !calls.contains(&name)
                    {
                        calls.push(name);
                    }
                }
                ')' | ']' | '}' => {
                    let opening = match c {
                        ')' => '(',
                        ']' => '[',
                        _ => '{',
                    };
                    if open.pop() != Some(opening) {
                        return Err(format!("a {c:?} has no {opening:?}"));
                    }
                }
                c if is_word(c) => {
                    let name = self.word(at);
                    if after_let {
                        own.push(name);
                    }
                    after_let = name == "let";
                    let function = !after_dot
                        && !OPERATORS.contains(&name)
                        && !name.starts_with(|c: char| c.is_ascii_digit());
                    word = function.then_some(name);
                    after_dot = false;
                    continue;
                }
                _ => {}
            }
            after_dot = matches!(c, '.' | '#');
            after_let = false;
            word = None;
        }
        if let Some(opening) = open.pop() {
            return Err(format!("a {opening:?} is never closed"));
        }
        calls.retain(|name| !own.contains(name));
        Ok(calls)
    }

    fn next_is(&mut self, wanted: char) -> bool {
        self.chars.next_if(|(_, c)| *c == wanted).is_some()
    }

    fn word(&mut self, start: usize) -> &'a str {
        while self.chars.next_if(|(_, c)| is_word(*c)).is_some() {}
        let end = self.chars.peek().map_or(self.text.len(), |(at, _)| *at);
        &self.text[start..end]
    }

    /// A text in quotes, in which `\` takes the next character.
    fn quoted(&mut self, quote: char) -> Result<(), String> {
        while let Some((_, c)) = self.chars.next() {
            match c {
                '\\' => drop(self.chars.next()),
                '\n' => break,
                c if c == quote => return Ok(()),
                _ => {}
            }
        }
        Err(format!("a text in {quote} is never closed"))
    }

    /// A text in backticks, in which two of them are one.
    fn raw(&mut self) -> Result<(), String> {
        while let Some((_, c)) = self.chars.next() {
            if c == '`' && !self.next_is('`') {
                return Ok(());
            }
        }
        Err("a text in ` is never closed".to_owned())
    }

    fn skip_line(&mut self) {
        while self.chars.next().is_some_and(|(_, c)| c != '\n') {}
    }

    fn skip_comment(&mut self) -> Result<(), String> {
        while let Some((_, c)) = self.chars.next() {
            if c == '*' && self.next_is('/') {
                return Ok(());
            }
        }
        Err("a comment is never closed".to_owned())
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framework::Severity;

    fn found(check: impl FnOnce(&Path, &mut Findings)) -> Vec<(Severity, String)> {
        let mut findings = Findings::default();
        check(&Path::attribute("x"), &mut findings);
        findings.into_iter().map(|finding| (finding.severity, finding.rule)).collect()
    }

    fn of_template(text: &str) -> Vec<(Severity, String)> {
        found(|path, findings| template(text, path, findings))
    }

    fn of_bare(text: &str) -> Vec<(Severity, String)> {
        found(|path, findings| bare(text, TEMPLATE_FUNCTIONS, path, findings))
    }

    #[test]
    fn a_text_without_expressions_is_not_looked_at() {
        for text in ["", "plain (", "}} {{ }", "$ {{ (", "{{ ( }}", "$${"] {
            assert_eq!(of_template(text), [], "{text}");
        }
    }

    #[test]
    fn sound_expressions() {
        for text in [
            "${{ vars.tag }}",
            "a-${{vars.tag}}-${{ ctx.stage }}",
            "${% {\"a\": {\"b\": 1}} %}",
            "${{ imageFrom(vars.repo, warehouse('a')).Tag }}",
            "${{ filter(list, {# > 1 && .x.len(1)}) | map(.name) | join(\",\") }}",
            "${{ not (a and (b or (c))) in [1, 2] ? 'x' : \"it's \\\" ( \" }}",
            "${{ let f = 1; f(2) ?? o?.method(3) }}",
            "${{ `raw ) `` ] ` + 'é' // ( to the end }}",
            "${{ a /* ( [ */ / b }}",
            "${{ if a { b } else { c } }}",
        ] {
            assert_eq!(of_template(text), [], "{text}");
        }
    }

    #[test]
    fn what_is_never_closed_is_an_error() {
        for (text, why) in [
            ("(", "a '(' is never closed"),
            ("a[1", "a '[' is never closed"),
            ("a)", "a ')' has no '('"),
            ("(]", "a ']' has no '['"),
            ("{(}", "a '}' has no '{'"),
            ("'a", "a text in ' is never closed"),
            ("\"a\\\"", "a text in \" is never closed"),
            ("'a\n'", "a text in ' is never closed"),
            ("`a``", "a text in ` is never closed"),
            ("a /* b", "a comment is never closed"),
        ] {
            let rule = format!("the expression {text:?} is broken: {why}");
            assert_eq!(of_bare(text), [(Severity::Error, rule)], "{text}");
        }
    }

    #[test]
    fn delimiters_come_in_pairs() {
        for (text, open, close) in
            [("a ${{ b", "${{", "}}"), ("${{ a }} ${{ b }", "${{", "}}"), ("${% a }}", "${%", "%}")]
        {
            let rule = format!("{open:?} in {text:?} has no {close:?} after it");
            assert_eq!(of_template(text), [(Severity::Error, rule)], "{text}");
        }
    }

    #[test]
    fn an_expression_ends_at_the_first_closing_delimiter() {
        let found = of_template("${{ {\"a\": {\"b\": 1}} }}");
        assert_eq!(found.len(), 1);
        assert!(found[0].1.contains("a '{' is never closed"), "{found:?}");
    }

    #[test]
    fn nothing_is_no_expression() {
        let rule = (Severity::Error, "an expression must not be empty".to_owned());
        assert_eq!(of_template("a ${{ }} b"), std::slice::from_ref(&rule));
        assert_eq!(of_template("${{}}"), [rule]);
    }

    #[test]
    fn a_function_that_is_not_known_is_a_warning() {
        let warning = |text: &str, name: &str| {
            let rule = format!("the expression {text:?} calls {name}(), which is not known here");
            (Severity::Warning, rule)
        };
        let text = "imageFron(a) + imageFron (b) + len(c) + o.method(d)";
        assert_eq!(of_bare(text), [warning(text, "imageFron")]);
        assert_eq!(
            found(|path, findings| bare("quote(a)", FILTER_FUNCTIONS, path, findings)),
            [warning("quote(a)", "quote")]
        );
    }

    #[test]
    fn the_tables_are_in_order_so_that_a_reader_finds_things() {
        for table in [TEMPLATE_FUNCTIONS, CRITERIA_FUNCTIONS, BUILT_IN, OPERATORS] {
            assert!(table.is_sorted(), "{table:?}");
        }
    }
}
