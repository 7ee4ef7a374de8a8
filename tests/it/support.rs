//! What the tests with real programs share: the sandbox they run in, and the command line tools.

pub(crate) mod cli;
pub(crate) mod sandbox;
