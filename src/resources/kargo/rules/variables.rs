//! Variables of promotions.

use std::collections::HashMap;

use super::expression;
use crate::framework::checks::Findings;
use crate::framework::{Attr, Path};

/// A variable, an element of `vars`.
#[derive(Clone, Debug, Default)]
pub struct Variable<'a> {
    /// `name`.
    pub name: Attr<&'a str>,
    /// `value`.
    pub value: Attr<&'a str>,
}

/// Rules for the variables at `path`.
pub(super) fn variables(variables: &Attr<Vec<Variable<'_>>>, path: &Path, findings: &mut Findings) {
    let mut names = Names::default();
    for (index, variable) in variables.known().into_iter().flatten().enumerate() {
        names.check(&variable.name, &variable.value, &path.index(index), findings);
    }
}

/// The names of one list so far, by where they are.
#[derive(Default)]
pub(super) struct Names(HashMap<String, Path>);

impl Names {
    /// Rules for the variable at `path`: its name, and the expressions in its
    /// value.
    pub(super) fn check(
        &mut self,
        name: &Attr<&str>,
        value: &Attr<&str>,
        path: &Path,
        findings: &mut Findings,
    ) {
        let at = path.field("name");
        if let Attr::Known(name) = *name {
            if !is_name(name) {
                let rule = "is not the name of a variable: letters, digits and \"_\", not beginning \
                            with a digit";
                findings.error(at, format!("{name:?} {rule}"));
            } else if let Some(first) = self.0.get(name) {
                findings.warn(at, format!("{name:?} hides the variable at {first}"));
            } else {
                self.0.insert(name.to_owned(), path.clone());
            }
        }
        if let Attr::Known(value) = value {
            expression::template(value, &path.field("value"), findings);
        }
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}
