//! The tfplugin6 service: protobuf and msgpack on one side, the framework on
//! the other.

mod action;
pub mod codec;
mod data_source;
mod deferral;
mod diagnostics;
mod ephemeral;
mod function;
mod guard;
mod list;
pub mod proto;
mod resource;
mod schema;
mod server;
mod wire;

use tokio_util::sync::CancellationToken;

use crate::framework::{Provider, Registry};
use crate::plugin::MAX_MESSAGE_SIZE;
use proto::provider_server::ProviderServer;
pub use server::Server;

/// The service of a registry, as [`crate::plugin::run`] takes it. Cancelling
/// `cancel`, as at the end of the process, ends what runs.
pub fn server<P: Provider>(
    registry: Registry<P>,
    cancel: CancellationToken,
) -> ProviderServer<Server<P>> {
    ProviderServer::new(Server::new(registry, cancel))
        .max_decoding_message_size(MAX_MESSAGE_SIZE)
        .max_encoding_message_size(MAX_MESSAGE_SIZE)
}
