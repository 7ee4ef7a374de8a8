//! The life of one type of resource, on plain values.
//!
//! [`Lifecycle`] is what every kind of resource comes down to: the typed
//! resources of an API through [`Resource`](super::Resource), and any other
//! adapter that speaks in values. [`Managed`](super::Managed) puts around it
//! what core demands.

use async_trait::async_trait;

use super::diagnostics::Diagnostics;
use super::error::{Error, Result};
use super::identity::{ImportFormat, ImportId};
use super::moves::Peer;
use super::operation::Operation;
use super::path::Path;
use super::schema::Schema;
use super::timeouts::DefaultTimeouts;
use super::value::{Object, Value};

/// A planned change, as a lifecycle may look at it and refine it.
#[derive(Debug)]
pub struct Change {
    /// The configuration.
    pub config: Value,
    /// The state before; `None` for a create.
    pub prior: Option<Value>,
    /// What the schema alone makes of it.
    pub planned: Value,
    /// The attributes whose change makes a new object.
    pub replace: Vec<Path>,
}

/// Where an operation leaves what it has reached so far.
///
/// An object that exists is saved at once: when the operation then fails, is
/// cancelled or runs out of time, this is what the state will hold.
#[derive(Debug, Default)]
pub struct Progress(Option<Value>);

impl Progress {
    /// Nothing exists yet.
    pub fn none() -> Self {
        Self(None)
    }

    /// The object as it was before the operation.
    pub fn from(state: Value) -> Self {
        Self(Some(state))
    }

    /// Records how far the object has come.
    pub fn save(&mut self, state: Value) {
        self.0 = Some(state);
    }

    /// What was reached.
    pub fn into_state(self) -> Option<Value> {
        self.0
    }
}

/// The life of one type of resource, on plain values.
///
/// Values of one call are of the type's schema, with one exception: the values
/// of `create` and `update` may have unknown parts where the plan had them.
#[async_trait]
pub trait Lifecycle<P: Send + Sync + 'static>: Send + Sync {
    /// The short name of the type, such as `eks_access_entry`.
    fn name(&self) -> &'static str;

    /// The schema; asked for once.
    fn schema(&self) -> Schema;

    /// How long operations may take by default.
    fn timeouts(&self) -> DefaultTimeouts;

    /// How the text of an import is written.
    fn import_format(&self) -> ImportFormat;

    /// Checks rules that go beyond single attributes; unknown parts pass.
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// Takes out of a configuration that is generated what its other parts say already.
    fn generated(&self, config: &mut Value) {
        let _ = config;
    }

    /// Refines a plan; must not call any API for a create.
    async fn plan(&self, cx: &Operation<P>, change: &mut Change) -> Result<()> {
        let _ = (cx, change);
        Ok(())
    }

    /// Looks at the planned end of an object, to warn of what it entails.
    async fn plan_delete(&self, cx: &Operation<P>, state: &Value) -> Result<()> {
        let _ = (cx, state);
        Ok(())
    }

    /// Makes the object. `config` holds the write-only values.
    async fn create(
        &self,
        cx: &Operation<P>,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value>;

    /// Reads the object; `None` when it is gone.
    async fn read(&self, cx: &Operation<P>, state: Value) -> Result<Option<Value>>;

    /// Changes the object. `config` holds the write-only values.
    async fn update(
        &self,
        cx: &Operation<P>,
        prior: Value,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value>;

    /// Ends the object. One that is gone already is no error.
    async fn delete(&self, cx: &Operation<P>, state: Value) -> Result<()>;

    /// Finds what is imported: a state with at least what `read` needs.
    async fn import(&self, cx: &Operation<P>, id: ImportId) -> Result<Value> {
        let _ = cx;
        let found = match id {
            ImportId::Identity(identity) => identity,
            ImportId::Text(text) => self.import_format().parse(&text)?,
        };
        Ok(imported(&self.schema(), found))
    }

    /// The types of other providers whose states can become ones of this type.
    fn peers(&self) -> Vec<Peer> {
        Vec::new()
    }

    /// Lifts a state of an older schema version, as JSON, to the current one.
    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value> {
        let _ = state;
        Err(Error::invalid(format!(
            "a state of {} with schema version {version} was never released",
            self.name()
        )))
    }
}

/// A state of which only `found` is known. What tells objects apart and is not
/// given has its default: an import may leave it out.
pub(super) fn imported(schema: &Schema, found: Object) -> Value {
    let mut state = schema.empty();
    for attr in schema.attributes.iter().filter(|attr| attr.identity) {
        state.set(attr.name, attr.default.clone().unwrap_or_default());
    }
    for (name, value) in found {
        if !value.is_null() {
            state.set(&name, value);
        }
    }
    state
}
