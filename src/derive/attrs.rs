//! What may be written in `#[attr(...)]`.

use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, ExprLit, Field, Lit, LitStr, Meta, Path, Result, Token};

/// Everything said about one field.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "one flag for each word in the attribute")]
pub(crate) struct FieldAttrs {
    pub(crate) required: bool,
    pub(crate) optional: bool,
    pub(crate) computed: bool,
    pub(crate) default: Option<Expr>,
    pub(crate) replace: Option<Replace>,
    pub(crate) stable: bool,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
    pub(crate) identity: bool,
    pub(crate) identity_optional: bool,
    pub(crate) block: bool,
    pub(crate) deprecated: Option<LitStr>,
    pub(crate) checks: Vec<Path>,
    pub(crate) one_of: Option<Expr>,
    pub(crate) range: Option<(Expr, Expr)>,
    pub(crate) length: Option<(Expr, Expr)>,
    pub(crate) same: Option<Path>,
    pub(crate) api: Option<LitStr>,
    pub(crate) local: bool,
    pub(crate) int_or_string: bool,
    pub(crate) keep_empty: bool,
    pub(crate) omitempty: bool,
    pub(crate) flatten: bool,
}

/// When a change makes a new object.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Replace {
    Always,
    IfConfigured,
}

/// Every word, as it is written.
const WORDS: [(&str, &str); 22] = [
    ("required", "required"),
    ("optional", "optional"),
    ("computed", "computed"),
    ("default", "default = EXPR"),
    ("replace", "replace` or `replace = \"if_configured\""),
    ("stable", "stable"),
    ("sensitive", "sensitive"),
    ("write_only", "write_only"),
    ("identity", "identity` or `identity = \"optional\""),
    ("block", "block"),
    ("deprecated", "deprecated = \"why\""),
    ("check", "check = path::to::function"),
    ("one_of", "one_of = [\"A\", \"B\"]"),
    ("range", "range(MIN, MAX)"),
    ("length", "length(MIN, MAX)"),
    ("same", "same = path::to::function"),
    ("api", "api = \"fieldName\""),
    ("local", "local"),
    ("int_or_string", "int_or_string"),
    ("keep_empty", "keep_empty"),
    ("omitempty", "omitempty"),
    ("flatten", "flatten"),
];

impl FieldAttrs {
    pub(crate) fn parse(field: &Field) -> Result<Self> {
        let mut attrs = Self::default();
        let mut said = Vec::new();
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("attr")) {
            let metas =
                attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?;
            for meta in metas {
                let word = word(&meta);
                // Of checks there may be any number.
                if said.contains(&word) && word != "check" {
                    return Err(Error::new_spanned(meta, format!("`{word}` is said twice")));
                }
                attrs.add(meta)?;
                said.push(word);
            }
        }
        if attrs.flatten && said.len() > 1 {
            return Err(Error::new_spanned(
                &field.ident,
                "`flatten` stands alone: the attributes of the model inside say the rest",
            ));
        }
        attrs.agree(field)?;
        Ok(attrs)
    }

    fn add(&mut self, meta: Meta) -> Result<()> {
        let name = word(&meta);
        match (name.as_str(), meta) {
            ("required", Meta::Path(_)) => self.required = true,
            ("optional", Meta::Path(_)) => self.optional = true,
            ("computed", Meta::Path(_)) => self.computed = true,
            ("stable", Meta::Path(_)) => self.stable = true,
            ("sensitive", Meta::Path(_)) => self.sensitive = true,
            ("write_only", Meta::Path(_)) => self.write_only = true,
            ("identity", Meta::Path(_)) => self.identity = true,
            ("identity", Meta::NameValue(meta)) => {
                let how = text(&meta.value)?;
                if how.value() != "optional" {
                    return Err(Error::new_spanned(
                        how,
                        "write it as `identity` or `identity = \"optional\"`",
                    ));
                }
                (self.identity, self.identity_optional) = (true, true);
            }
            ("block", Meta::Path(_)) => self.block = true,
            ("local", Meta::Path(_)) => self.local = true,
            ("int_or_string", Meta::Path(_)) => self.int_or_string = true,
            ("keep_empty", Meta::Path(_)) => self.keep_empty = true,
            ("omitempty", Meta::Path(_)) => self.omitempty = true,
            ("flatten", Meta::Path(_)) => self.flatten = true,
            ("replace", Meta::Path(_)) => self.replace = Some(Replace::Always),
            ("replace", Meta::NameValue(meta)) => {
                let when = text(&meta.value)?;
                if when.value() != "if_configured" {
                    return Err(Error::new_spanned(
                        when,
                        "write it as `replace` or `replace = \"if_configured\"`",
                    ));
                }
                self.replace = Some(Replace::IfConfigured);
            }
            ("default", Meta::NameValue(meta)) => self.default = Some(meta.value),
            ("deprecated", Meta::NameValue(meta)) => self.deprecated = Some(text(&meta.value)?),
            ("api", Meta::NameValue(meta)) => self.api = Some(text(&meta.value)?),
            ("one_of", Meta::NameValue(meta)) => self.one_of = Some(meta.value),
            ("check", Meta::NameValue(meta)) => self.checks.push(path(meta.value)?),
            ("same", Meta::NameValue(meta)) => self.same = Some(path(meta.value)?),
            ("range", Meta::List(list)) => self.range = Some(pair(&list)?),
            ("length", Meta::List(list)) => self.length = Some(pair(&list)?),
            (_, meta) => return Err(Error::new_spanned(&meta, misspelled(&name))),
        }
        Ok(())
    }

    /// Refuses what contradicts itself, here rather than in a host that panics.
    fn agree(&self, field: &Field) -> Result<()> {
        let refuse = |message: &str| Err(Error::new_spanned(&field.ident, message));
        let defaults = self.default.is_some();
        if self.required && (self.optional || self.computed || defaults) {
            return refuse(
                "a required attribute is neither optional nor computed, nor has a default",
            );
        }
        if self.write_only && (self.computed || defaults) {
            return refuse("a write-only attribute is neither computed, nor has a default");
        }
        if self.stable && !self.computed {
            return refuse("only a computed attribute is stable");
        }
        let travels = self.api.is_some() || self.int_or_string || self.keep_empty || self.omitempty;
        if self.local && travels {
            return refuse("a local attribute has no field in the API, and no form there");
        }
        Ok(())
    }
}

/// The word that something is said with; empty for a longer path.
fn word(meta: &Meta) -> String {
    meta.path().get_ident().map(ToString::to_string).unwrap_or_default()
}

/// What is wrong with a word that is not understood.
fn misspelled(name: &str) -> String {
    if let Some((_, form)) = WORDS.iter().find(|(word, _)| *word == name) {
        return format!("write it as `{form}`");
    }
    let words: Vec<_> = WORDS.iter().map(|(word, _)| *word).collect();
    format!("expected one of: {}", words.join(", "))
}

/// The doc comment of an item, as one text.
pub(crate) fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => text(&meta.value).ok(),
        _ => None,
    });
    let lines: Vec<_> = lines.map(|line| line.value()).collect();
    let lines: Vec<_> = lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n").trim().to_owned()
}

fn text(expr: &Expr) -> Result<LitStr> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
        other => Err(Error::new_spanned(other, "expected text in quotes")),
    }
}

fn path(expr: Expr) -> Result<Path> {
    match expr {
        Expr::Path(path) => Ok(path.path),
        other => Err(Error::new_spanned(other, "expected the path of a function")),
    }
}

fn pair(list: &syn::MetaList) -> Result<(Expr, Expr)> {
    let values = list.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated)?;
    let mut values = values.into_iter();
    match (values.next(), values.next(), values.next()) {
        (Some(least), Some(most), None) => Ok((least, most)),
        _ => Err(Error::new_spanned(list, "expected two numbers: the least and the most")),
    }
}
