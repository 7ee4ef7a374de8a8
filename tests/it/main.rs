//! Integration tests.

#![allow(
    clippy::needless_pass_by_value,
    clippy::unused_self,
    reason = "tests read better so, and nobody calls them"
)]

mod contract;
mod coverage;
mod errors;
mod examples;
mod handshake;
mod kube;
mod language;
mod pages;
mod promises;
mod protocol;
mod quickstart;
mod support;
mod tidy;

// Derived models name it so: `crate::framework`.
use terraform_provider_gitops::framework;
