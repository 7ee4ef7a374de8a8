//! Expressions of expr-lang in Kargo's fields: `${{ vars.tag }}` within texts,
//! and bare ones in filters and criteria.
//!
//! Only what makes every expression fail is an error: a delimiter, a bracket or
//! a text that is never closed. Whether a function exists is a guess of this
//! version, and so a warning.

mod tokens;

use crate::framework::Path;
use crate::framework::checks::Findings;
use tokens::{Token, tokens};

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
    template_with(text, TEMPLATE_FUNCTIONS, path, findings);
}

/// The same for expressions that have other functions than those of promotions.
pub(in crate::resources::kargo) fn template_with(
    text: &str,
    functions: &[&str],
    path: &Path,
    findings: &mut Findings,
) {
    let mut rest = text;
    while let Some(start) = [rest.find("${{"), rest.find("${%")].into_iter().flatten().min() {
        let (open, after) = rest[start..].split_at(3);
        let close = if open == "${{" { "}}" } else { "%}" };
        let Some((expression, after)) = after.split_once(close) else {
            findings.error(path.clone(), format!("{open:?} in {text:?} has no {close:?} after it"));
            return;
        };
        bare(expression, functions, path, findings);
        rest = after;
    }
}

/// Checks one expression by itself, which may call the given functions besides
/// those of expr-lang.
pub(in crate::resources::kargo) fn bare(
    expression: &str,
    functions: &[&str],
    path: &Path,
    findings: &mut Findings,
) {
    let shown = expression.trim();
    if shown.is_empty() {
        findings.error(path.clone(), "an expression must not be empty");
        return;
    }
    let calls = match tokens(expression).and_then(|tokens| calls(&tokens)) {
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

/// An output of a step that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output<'a> {
    /// The step, by its alias.
    pub(super) alias: &'a str,
    /// Whether it is one of the same task: `task.outputs` and not `outputs`.
    pub(super) of_task: bool,
}

/// The outputs that the expressions in a text read; none of those that are broken.
pub(super) fn outputs(text: &str) -> Vec<Output<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = [rest.find("${{"), rest.find("${%")].into_iter().flatten().min() {
        let (open, after) = rest[start..].split_at(3);
        let close = if open == "${{" { "}}" } else { "%}" };
        let Some((expression, after)) = after.split_once(close) else { break };
        if let Ok(tokens) = tokens(expression) {
            found.extend(read_outputs(&tokens));
        }
        rest = after;
    }
    found
}

fn read_outputs<'a>(tokens: &[Token<'a>]) -> Vec<Output<'a>> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if *token != Token::Word("outputs") {
            continue;
        }
        let of_task = match &tokens[..at] {
            [.., Token::Other('.'), Token::Word("task"), Token::Other('.')] => continue,
            [.., Token::Word("task"), Token::Other('.')] => true,
            [.., Token::Other('.')] => continue,
            _ => false,
        };
        let after = &tokens[at + 1..];
        let after = after.strip_prefix(&[Token::Other('?')]).unwrap_or(after);
        let ([Token::Other('.'), Token::Word(alias), ..]
        | [Token::Open('['), Token::Text(alias), Token::Close(']'), ..]
        | [Token::Other('.'), Token::Open('['), Token::Text(alias), Token::Close(']'), ..]) = after
        else {
            continue;
        };
        found.push(Output { alias, of_task });
    }
    found
}

/// The functions that are called by name, each once, without methods.
///
/// # Errors
/// When a bracket has no other.
fn calls<'a>(tokens: &[Token<'a>]) -> Result<Vec<&'a str>, String> {
    let mut open = Vec::new();
    let mut calls: Vec<&str> = Vec::new();
    let mut own = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        // `.name(` is a method.
        let before = at.checked_sub(1).map(|before| tokens[before]);
        match *token {
            Token::Word(name) => {
                if before == Some(Token::Word("let")) {
                    own.push(name);
                }
                let is_method = matches!(before, Some(Token::Other('.' | '#')));
                let is_called = tokens.get(at + 1) == Some(&Token::Open('('))
                    && !is_method
                    && !OPERATORS.contains(&name)
                    && !name.starts_with(|c: char| c.is_ascii_digit());
                if is_called && !calls.contains(&name) {
                    calls.push(name);
                }
            }
            Token::Open(bracket) => open.push(bracket),
            Token::Close(bracket) => {
                let opening = match bracket {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(opening) {
                    return Err(format!("a {bracket:?} has no {opening:?}"));
                }
            }
            Token::Text(_) | Token::Other(_) => {}
        }
    }
    if let Some(opening) = open.pop() {
        return Err(format!("a {opening:?} is never closed"));
    }
    calls.retain(|name| !own.contains(name));
    Ok(calls)
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
    fn outputs_are_read_by_name_or_in_brackets() {
        let names = |text| -> Vec<String> {
            let name = |output: Output<'_>| {
                let task = if output.of_task { "task:" } else { "" };
                format!("{task}{}", output.alias)
            };
            outputs(text).into_iter().map(name).collect()
        };
        for (text, expected) in [
            (
                "${{ outputs.commit.commit }} ${{ outputs['open-pr'].pr.id }}",
                &["commit", "open-pr"][..],
            ),
            ("${{ task.outputs.a.b + task.outputs[\"c d\"].e }}", &["task:a", "task:c d"]),
            ("${{ outputs?.a.b ?? outputs?.['x'] }}", &["a", "x"]),
            ("${% quote(outputs.a) %}", &["a"]),
            ("${{ x.outputs.a + x.task.outputs.b + outputs[vars.name] + outputs }}", &[]),
            ("outputs.a ${{ 'outputs.b' }} ${{ outputs.c( }} ${{ outputs.d", &["c"]),
        ] {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    #[test]
    fn the_tables_are_in_order_so_that_a_reader_finds_things() {
        for table in [TEMPLATE_FUNCTIONS, CRITERIA_FUNCTIONS, BUILT_IN, OPERATORS] {
            assert!(table.is_sorted(), "{table:?}");
        }
    }
}
