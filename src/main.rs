//! The provider, as OpenTofu and Terraform start it.

use std::process::ExitCode;

use terraform_provider_gitops::{plugin, resources, rpc};

const OPTIONS: plugin::Options = plugin::Options {
    provider_address: "eks-gitops/gitops",
    version: env!("CARGO_PKG_VERSION"),
    documentation: env!("CARGO_PKG_REPOSITORY"),
};

fn main() -> ExitCode {
    plugin::run(OPTIONS, |cancel| rpc::server(resources::registry(), cancel))
}
