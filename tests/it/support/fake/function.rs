//! A function of the provider for tests.

use terraform_provider_gitops::framework::{Attr, Error, Function, Model, Path, Result};

/// Measures words.
#[derive(Clone, Debug, Default, Model)]
pub(crate) struct Measure {
    /// What is measured first.
    #[attr(required, one_of = ["long", "short", "panic"])]
    first: Attr<String>,
    /// What counts as nothing.
    ignore: Attr<String>,
    /// What is measured besides.
    more: Attr<Vec<String>>,
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub(crate) struct Measured {
    /// How many letters there are.
    letters: Attr<i64>,
    /// What counted as nothing.
    ignored: Attr<String>,
    /// The words in order.
    words: Attr<Vec<String>>,
}

impl Function for Measure {
    type Parameters = Self;
    type Output = Measured;

    const NAME: &'static str = "measure";
    const SUMMARY: &'static str = "Measures words";
    const RETURNS: &'static str = "how long they are.";
    const VARIADIC: bool = true;

    fn call(parameters: Self) -> Result<Measured> {
        let first = parameters.first.require("first")?.clone();
        assert_ne!(first, "panic", "the ruler broke");
        let more = parameters.more.into_known().unwrap_or_default();
        if let Some(at) = more.iter().position(String::is_empty) {
            return Err(Error::invalid("a word is empty").at(Path::attribute("more").index(at)));
        }
        let words: Vec<_> = std::iter::once(first).chain(more).collect();
        let counted = words.iter().filter(|&word| parameters.ignore.known() != Some(word));
        let letters = counted.map(String::len).sum::<usize>();
        let letters = i64::try_from(letters).map_err(|_| Error::failed("too many letters"))?;
        Ok(Measured { letters: letters.into(), ignored: parameters.ignore, words: words.into() })
    }
}
