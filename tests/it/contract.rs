//! What holds for every type that the provider serves.
//!
//! The tests loop over the registry, so a new type is held to all of it without
//! a line here.

mod cases;
mod drift;
mod examples;
mod from_yaml;
mod fuzz;
mod generate;
mod imports;
mod lives;
mod plans;
mod pool;
mod replaces;
mod round_trips;
mod schemas;
mod secrets;

use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::Server;
use tokio_util::sync::CancellationToken;

use crate::support::core::Core;

/// The provider as it is served.
fn server() -> Server<Provider> {
    Server::new(registry(), CancellationToken::new())
}

/// A core with the provider's schemas.
async fn core() -> Core<Server<Provider>> {
    Core::start(server()).await
}
