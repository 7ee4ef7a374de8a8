//! A model is a struct with named fields.

use gitops_derive::Model;

/// Its variants have no names in a configuration.
#[derive(Model)]
enum Either {
    This,
    That,
}

/// Its fields have no names either.
#[derive(Model)]
struct Pair(String, String);

/// It has none.
#[derive(Model)]
struct Nothing;

fn main() {}
