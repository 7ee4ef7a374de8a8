//! Users read what every model and every attribute is.

use gitops_derive::Model;

#[derive(Model)]
struct Silent {
    /// Its name.
    name: Attr<String>,
}

/// It says what it is, and not what is in it.
#[derive(Model)]
struct Terse {
    name: Attr<String>,
}

fn main() {}
