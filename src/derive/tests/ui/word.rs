//! A word that the macro does not know, or knows in another form.

use gitops_derive::Model;

/// It is misspelled.
#[derive(Model)]
struct Misspelled {
    /// Its name.
    #[attr(requierd)]
    name: Attr<String>,
}

/// It is a flag, and has a value.
#[derive(Model)]
struct Flag {
    /// Its name.
    #[attr(required = true)]
    name: Attr<String>,
}

/// It needs a value, and has none.
#[derive(Model)]
struct Bare {
    /// Its name.
    #[attr(default)]
    name: Attr<String>,
}

/// It takes its values in parentheses.
#[derive(Model)]
struct Assigned {
    /// Its size.
    #[attr(range = 3)]
    size: Attr<i64>,
}

/// It has no value in parentheses.
#[derive(Model)]
struct Called {
    /// Its name.
    #[attr(check(not_empty))]
    name: Attr<String>,
}

/// It is a path.
#[derive(Model)]
struct Qualified {
    /// Its name.
    #[attr(model::required)]
    name: Attr<String>,
}

/// The second is not what the first was.
#[derive(Model)]
struct Twice {
    /// Its name.
    #[attr(default = "a")]
    #[attr(default = "b")]
    name: Attr<String>,
}

fn main() {}
