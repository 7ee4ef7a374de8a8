//! The provider block.

use std::future::Future;

use super::diagnostics::Diagnostics;
use super::error::Result;
use super::schema::Schema;
use super::value::Value;

/// A provider: its configuration block and what operations call on.
pub trait Provider: Sized + Send + Sync + 'static {
    /// The schema of the provider block.
    fn schema() -> Schema;

    /// Checks a configuration; unknown parts pass.
    fn validate(config: &Value, diagnostics: &mut Diagnostics);

    /// Takes a configuration. Calls nothing: parts may be unknown, and a plan
    /// that only creates needs no API at all.
    fn configure(
        config: Value,
        diagnostics: &mut Diagnostics,
    ) -> impl Future<Output = Result<Self>> + Send;
}
