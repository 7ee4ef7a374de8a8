//! A value that is not of the kind that its word takes.

use gitops_derive::Model;

/// A change replaces always or if configured.
#[derive(Model)]
struct When {
    /// Its name.
    #[attr(replace = "sometimes")]
    name: Attr<String>,
}

/// A reason is text.
#[derive(Model)]
struct Why {
    /// Its name.
    #[attr(deprecated = true)]
    name: Attr<String>,
}

/// A field of the API is text.
#[derive(Model)]
struct Field {
    /// Its name.
    #[attr(api = metadata.name)]
    name: Attr<String>,
}

/// A check is the path of a function, so that it has a name and a test.
#[derive(Model)]
struct Check {
    /// Its name.
    #[attr(check = |text| Ok(()))]
    name: Attr<String>,
}

/// So is what compares.
#[derive(Model)]
struct Same {
    /// Its name.
    #[attr(same = "json")]
    name: Attr<String>,
}

/// A range has two ends.
#[derive(Model)]
struct Range {
    /// Its size.
    #[attr(range(1))]
    size: Attr<i64>,
}

/// And no third.
#[derive(Model)]
struct Length {
    /// Its names.
    #[attr(length(1, 2, 3))]
    names: Attr<Vec<String>>,
}

fn main() {}
