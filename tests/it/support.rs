//! What the tests share: the sandbox and the command line tools for those with real programs, a
//! small core and a provider of things in memory for those without.

pub(crate) mod cli;
pub(crate) mod core;
pub(crate) mod fake;
pub(crate) mod login;
pub(crate) mod sandbox;
pub(crate) mod self_managed;
