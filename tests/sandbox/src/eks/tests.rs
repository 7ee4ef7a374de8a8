//! The emulator over HTTP, as a client sees it.

mod access;
mod calls;
mod capabilities;
mod sandbox_routes;
