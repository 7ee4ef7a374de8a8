//! Blocks that a configuration has beside those of resources: what data sources, ephemeral
//! resources, lists and actions have in common.

use std::fmt;
use std::sync::LazyLock;

use super::diagnostics::Diagnostics;
use super::error::Result;
use super::model::Model;
use super::operation::Operation;
use super::private::Private;
use super::schema::Schema;
use super::validate;
use super::value::Value;

/// A type of such a block, ready to be served. `W` is what does its work, on plain values.
pub struct Configured<W> {
    name: &'static str,
    schema: LazyLock<Schema>,
    rules: Box<Rules>,
    pub(super) work: W,
}

/// Checks what of a configuration goes beyond single attributes.
type Rules = dyn Fn(&Value, &mut Diagnostics) + Send + Sync;

impl<W> Configured<W> {
    /// A type whose configuration is a struct: its short name, and the rules that go beyond single
    /// attributes.
    pub(super) fn new<M: Model>(
        name: &'static str,
        rules: fn(&M, &mut Diagnostics),
        work: W,
    ) -> Self {
        Self {
            name,
            schema: LazyLock::new(|| Schema::new(0, M::DESCRIPTION, M::attributes())),
            rules: Box::new(move |config, found| validate::typed(config, found, rules)),
            work,
        }
    }

    /// The short name of the type; a list has that of the resources it lists.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The schema of the configuration.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Checks a configuration.
    pub fn validate(&self, config: &Value) -> Diagnostics {
        validate::checked(&self.schema.attributes, config, |found| (self.rules)(config, found))
    }

    /// Ends an operation: what came of it, what the next one recalls, and what there is to tell. An
    /// error says what was being done, as in `reading data source`.
    pub(super) fn end<P, T>(
        &self,
        cx: Operation<P>,
        doing: &str,
        done: Result<T>,
    ) -> (Result<T>, Private, Diagnostics) {
        let (private, mut diagnostics) = cx.finish();
        let done = done.map_err(|error| {
            let error = error.context(format!("{doing} {}_{}", super::PREFIX, self.name));
            tracing::debug!(error = ?error, "operation failed");
            diagnostics.error(&error);
            error
        });
        (done, private, diagnostics)
    }
}

impl<W> fmt::Debug for Configured<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configured").field("name", &self.name).finish_non_exhaustive()
    }
}
