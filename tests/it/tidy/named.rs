//! The tests that a page names: `promises::access::an_entry_…`, by the path of their module.

/// Names of tests in a page that there are not. `text` has the source of a file of the checkout.
///
/// A name is in backticks, without spaces, and its last part is the function. Its module is below
/// `tests/it` or below `src`; there it may end with `tests`, as the name of the runner does.
pub(super) fn missing(
    page: &str,
    content: &str,
    text: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let is_there = |name: &str| {
        let Some((module, function)) = name.rsplit_once("::") else { return false };
        let module = module.replace("::", "/");
        let inline = module.strip_suffix("/tests").unwrap_or(&module);
        let files = [
            format!("tests/it/{module}.rs"),
            format!("src/{module}.rs"),
            format!("src/{inline}.rs"),
        ];
        let function = format!("fn {function}(");
        files.iter().any(|file| text(file).is_some_and(|text| text.contains(&function)))
    };
    let mut found: Vec<_> = names(content)
        .filter(|name| !is_there(name))
        .map(|name| format!("{page}: there is no test {name}"))
        .collect();
    if names(content).next().is_none() {
        found.push(format!("{page}: names no test"));
    }
    found
}

/// What is in backticks and has the form of a path. Functions of the language have `provider::` in
/// front.
fn names(content: &str) -> impl Iterator<Item = &str> {
    let code = content.split('`').skip(1).step_by(2);
    code.filter(|code| {
        code.contains("::") && !code.contains([' ', '(']) && !code.starts_with("provider::")
    })
}
