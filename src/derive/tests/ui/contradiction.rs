//! Words that cannot both be true.

use gitops_derive::Model;

/// The configuration must set it, or may.
#[derive(Model)]
struct RequiredOptional {
    /// Its name.
    #[attr(required, optional)]
    name: Attr<String>,
}

/// The configuration sets it, or the provider.
#[derive(Model)]
struct RequiredComputed {
    /// Its name.
    #[attr(required, computed)]
    name: Attr<String>,
}

/// What is always set needs no default.
#[derive(Model)]
struct RequiredDefault {
    /// Its name.
    #[attr(required, default = "a")]
    name: Attr<String>,
}

/// What is kept nowhere cannot be computed.
#[derive(Model)]
struct WriteOnlyComputed {
    /// Its token.
    #[attr(write_only, computed)]
    token_wo: Attr<Secret>,
}

/// Nor planned.
#[derive(Model)]
struct WriteOnlyDefault {
    /// Its token.
    #[attr(write_only, default = "a")]
    token_wo: Attr<Secret>,
}

/// What the configuration sets does not keep itself.
#[derive(Model)]
struct Stable {
    /// Its name.
    #[attr(stable)]
    name: Attr<String>,
}

/// What the API does not know has no name there.
#[derive(Model)]
struct LocalApi {
    /// Whether to wait.
    #[attr(local, api = "wait")]
    wait: Attr<bool>,
}

/// Nor a form.
#[derive(Model)]
struct LocalForm {
    /// Whether to wait.
    #[attr(local, omitempty)]
    wait: Attr<bool>,
}

/// What is spread has no attribute to say something of.
#[derive(Model)]
struct Spread {
    #[attr(flatten, required)]
    common: Common,
}

fn main() {}
