//! Between models and rules: what the rules see of a model, and what becomes of
//! what they find.

use crate::framework::checks::Finding;
use crate::framework::{Attr, Diagnostics};

/// A text as it is in the model.
pub(super) fn text(attr: &Attr<String>) -> Attr<&str> {
    attr.as_ref().map(String::as_str)
}

/// A list of texts as it is in the model.
pub(super) fn texts(attr: &Attr<Vec<String>>) -> Attr<Vec<&str>> {
    each(attr, String::as_str)
}

/// A list of what `convert` makes of the elements.
pub(super) fn each<'a, T, U>(attr: &'a Attr<Vec<T>>, convert: impl Fn(&'a T) -> U) -> Attr<Vec<U>> {
    attr.as_ref().map(|elements| elements.iter().map(convert).collect())
}

/// Whether it is there, and nothing more.
pub(super) fn presence<T>(attr: &Attr<T>) -> Attr<()> {
    attr.as_ref().map(|_| ())
}

/// Tells the user what was found.
pub(super) fn report(found: Vec<Finding>, diagnostics: &mut Diagnostics) {
    for finding in found {
        diagnostics.add(finding.into());
    }
}
