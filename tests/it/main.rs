//! Integration tests.

#![allow(
    clippy::case_sensitive_file_extension_comparisons,
    clippy::collapsible_match,
    clippy::needless_pass_by_value,
    clippy::struct_field_names,
    clippy::unused_self,
    reason = "tests read better so, and nobody calls them"
)]

mod contract;
mod coverage;
mod errors;
mod examples;
mod handshake;
mod kube;
mod promises;
mod protocol;
mod quickstart;
#[allow(dead_code, reason = "some of the tests that share it are not run yet")]
mod support;
mod tidy;

// Derived models name it so: `crate::framework`.
use terraform_provider_gitops::framework;
