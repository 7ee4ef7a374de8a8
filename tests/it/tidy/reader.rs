//! What a Rust source names: its paths and macros, told apart from text and comments.
//!
//! The source is taken apart into tokens. So a path within a macro or an attribute counts like any
//! other, and one within a comment or a string does not.

use std::collections::HashMap;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Everything that one source names.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub(super) mentions: Vec<Mention>,
    pub(super) macros: Vec<Macro>,
}

/// A path in the code.
#[derive(Debug)]
pub(super) struct Mention {
    pub(super) path: Named,
    pub(super) line: usize,
    /// Whether it is in code that only tests have.
    pub(super) test: bool,
}

/// Where a path leads, as segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Into this package: what follows `crate::`.
    Ours(Vec<String>),
    /// Elsewhere, beginning with the name of a package.
    Foreign(Vec<String>),
}

/// A macro that is called, without its `!`.
#[derive(Debug)]
pub(super) struct Macro {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) test: bool,
}

/// Reads the source of the module that `module` names (`["rpc", "codec"]`; none is the root).
///
/// A name is looked up among the file's own `use` and `mod` items, wherever in the file these are;
/// what a glob brings in is not seen, and passes for a package's name.
///
/// # Errors
/// When it is no Rust.
pub(super) fn read(text: &str, module: &[&str]) -> Result<Source, String> {
    let tokens: TokenStream =
        text.parse().map_err(|error: proc_macro2::LexError| error.to_string())?;
    let mut scan =
        Scan { module: module.iter().map(|name| (*name).to_owned()).collect(), ..Scan::default() };
    scan.walk(tokens, false);
    Ok(scan.finish())
}

/// A path as it is written, and the module that it is written in.
#[derive(Clone, Debug)]
struct Written {
    segments: Vec<String>,
    module: Vec<String>,
}

#[derive(Debug, Default)]
struct Scan {
    module: Vec<String>,
    paths: Vec<(Written, usize, bool)>,
    macros: Vec<Macro>,
    /// Names that a `use` brings in.
    imports: HashMap<String, Written>,
    /// Modules that the file declares, with the module that they are in.
    modules: HashMap<String, Vec<String>>,
}

impl Scan {
    fn walk(&mut self, tokens: TokenStream, test: bool) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut at = 0;
        // Of the item at hand: whether an attribute gives it to the tests, and its name if it is
        // a module with its content here.
        let mut given_to_tests = false;
        let mut opens = None;
        while let Some(token) = tokens.get(at) {
            let test = test || given_to_tests;
            match token {
                TokenTree::Group(group) => {
                    let opened: Option<String> = opens.take();
                    self.module.extend(opened.clone());
                    self.walk(group.stream(), test);
                    if opened.is_some() {
                        self.module.pop();
                    }
                    given_to_tests &= group.delimiter() != Delimiter::Brace;
                    at += 1;
                }
                TokenTree::Punct(mark) => {
                    match (mark.as_char(), tokens.get(at + 1)) {
                        ('#', Some(TokenTree::Group(attribute))) => {
                            given_to_tests |= is_for_tests(attribute);
                        }
                        (';', _) => (given_to_tests, opens) = (false, None),
                        _ => {}
                    }
                    at += 1;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    if let Some(TokenTree::Ident(name)) = tokens.get(at + 1) {
                        self.modules.insert(name.to_string(), self.module.clone());
                        opens = Some(name.to_string());
                        at += 1;
                    }
                    at += 1;
                }
                TokenTree::Ident(word) if word == "use" && !is(tokens.get(at + 1), '<') => {
                    let end = tokens[at..].iter().position(|token| is(Some(token), ';'));
                    let end = end.map_or(tokens.len(), |length| at + length);
                    self.import(&tokens[at + 1..end], &[], test);
                    at = end;
                }
                TokenTree::Ident(_) => at = self.path(&tokens, at, test),
                TokenTree::Literal(_) => at += 1,
            }
        }
    }

    /// The tree of a `use`, below `prefix`.
    fn import(&mut self, tree: &[TokenTree], prefix: &[String], test: bool) {
        let mut segments = prefix.to_vec();
        let mut name = None;
        let line = tree.first().map_or(0, line_of);
        let mut tokens = tree.iter();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    name = tokens.next().map(ToString::to_string);
                }
                // `a::{self}` is `a`, and `self::a` begins here.
                TokenTree::Ident(word) if word == "self" && !segments.is_empty() => {}
                TokenTree::Ident(word) => segments.push(word.to_string()),
                TokenTree::Group(group) => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    for tree in inner.split(|token| is(Some(token), ',')) {
                        if !tree.is_empty() {
                            self.import(tree, &segments, test);
                        }
                    }
                    return;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        let written = Written { segments, module: self.module.clone() };
        if let Some(name) = name.or_else(|| written.segments.last().cloned()) {
            self.imports.insert(name, written.clone());
        }
        self.paths.push((written, line, test));
    }

    /// A path or macro that begins at `at`; returns where it ends.
    fn path(&mut self, tokens: &[TokenTree], at: usize, test: bool) -> usize {
        let mut segments = vec![tokens[at].to_string()];
        let mut end = at + 1;
        while is(tokens.get(end), ':')
            && is(tokens.get(end + 1), ':')
            && let Some(TokenTree::Ident(word)) = tokens.get(end + 2)
        {
            segments.push(word.to_string());
            end += 3;
        }
        let line = line_of(&tokens[at]);
        if is(tokens.get(end), '!') && !is(tokens.get(end + 1), '=') {
            let name = segments.last().cloned().unwrap_or_default();
            self.macros.push(Macro { name, line, test });
        }
        // A word by itself, a method's name and the rest of `<T>::a::b` lead nowhere.
        let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
        let goes_on =
            is(before(1), '.') || (is(before(1), ':') && is(before(2), ':') && is(before(3), '>'));
        if segments.len() > 1 && !goes_on {
            self.paths.push((Written { segments, module: self.module.clone() }, line, test));
        }
        end
    }

    fn finish(mut self) -> Source {
        let macros = std::mem::take(&mut self.macros);
        let mentions = self.paths.iter().map(|(written, line, test)| Mention {
            path: self.resolve(written, 0),
            line: *line,
            test: *test,
        });
        Source { mentions: mentions.collect(), macros }
    }

    /// Where a path leads. `depth` ends a chain of names that lead to one another.
    fn resolve(&self, written: &Written, depth: usize) -> Named {
        let (head, rest) = written.segments.split_first().expect("a path has a segment");
        let below = |module: &[String], rest: &[String]| {
            Named::Ours(module.iter().chain(rest).cloned().collect())
        };
        match head.as_str() {
            "crate" => below(&[], rest),
            "self" => below(&written.module, rest),
            "super" => {
                let ups = written.segments.iter().take_while(|name| *name == "super").count();
                let up = written.module.len().saturating_sub(ups);
                below(&written.module[..up], &written.segments[ups..])
            }
            name => {
                if let Some(parent) = self.modules.get(name) {
                    return below(parent, &written.segments);
                }
                let import = self.imports.get(name).filter(|import| {
                    depth < 4 && import.segments != [name] && import.segments != written.segments
                });
                let Some(import) = import else { return Named::Foreign(written.segments.clone()) };
                match self.resolve(import, depth + 1) {
                    Named::Ours(path) => below(&path, rest),
                    Named::Foreign(mut path) => {
                        path.extend_from_slice(rest);
                        Named::Foreign(path)
                    }
                }
            }
        }
    }
}

/// `#[cfg(test)]`, or with more conditions beside `test`.
fn is_for_tests(attribute: &Group) -> bool {
    let mut tokens = attribute.stream().into_iter();
    let is_cfg = matches!(tokens.next(), Some(TokenTree::Ident(word)) if word == "cfg");
    let words = tokens.next().map(|conditions| conditions.to_string()).unwrap_or_default();
    let mut words = words.split(|c: char| !c.is_ascii_alphanumeric());
    is_cfg && words.clone().all(|word| word != "not") && words.any(|word| word == "test")
}

fn is(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}
