//! Resources with a typed model: the adapter for objects of an API.

use std::future::Future;
use std::marker::PhantomData;

use async_trait::async_trait;

use super::diagnostics::Diagnostics;
use super::error::Result;
use super::identity::{ImportFormat, ImportId};
use super::lifecycle::{Change, Lifecycle, Progress, imported};
use super::model::Model;
use super::moves::Peer;
use super::operation::Operation;
use super::schema::Schema;
use super::timeouts::DefaultTimeouts;
use super::validate;
use super::value::Value;

/// A type of resource whose model is a struct.
///
/// Four functions are the life of an object; the rest has defaults that suit
/// most types.
pub trait Resource: Send + Sync + 'static {
    /// The configuration and state.
    type Model: Model;
    /// What the operations call on.
    type Provider: Send + Sync + 'static;

    /// Short name of the type, such as `eks_access_entry`.
    const NAME: &'static str;
    /// Version of the stored state.
    const VERSION: i64 = 0;
    /// How long operations may take by default.
    const TIMEOUTS: DefaultTimeouts;
    /// How the text of an import is written.
    const IMPORT: ImportFormat;

    /// The types of other providers whose states can become ones of this type.
    const PEERS: &'static [Peer] = &[];

    /// Checks rules that go beyond single attributes; unknown parts pass.
    fn validate(config: &Self::Model, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// Takes out of a configuration that is generated what its other parts say already.
    fn generated(config: &mut Value) {
        let _ = config;
    }

    /// Refines a plan; must not call any API for a create.
    fn plan(
        cx: &Operation<Self::Provider>,
        change: &mut Change,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (cx, change);
        async { Ok(()) }
    }

    /// Makes the object; saves it in `progress` as soon as it exists.
    fn create(
        cx: &Operation<Self::Provider>,
        planned: Self::Model,
        progress: &mut Saved<'_, Self::Model>,
    ) -> impl Future<Output = Result<Self::Model>> + Send;

    /// Reads the object; `None` when it is gone.
    fn read(
        cx: &Operation<Self::Provider>,
        state: Self::Model,
    ) -> impl Future<Output = Result<Option<Self::Model>>> + Send;

    /// Changes the object; saves in `progress` what is done when more follows.
    fn update(
        cx: &Operation<Self::Provider>,
        prior: Self::Model,
        planned: Self::Model,
        progress: &mut Saved<'_, Self::Model>,
    ) -> impl Future<Output = Result<Self::Model>> + Send;

    /// Ends the object. A not-found error means that it is gone already.
    fn delete(
        cx: &Operation<Self::Provider>,
        state: Self::Model,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Finds what is imported by a text; by default what [`Self::IMPORT`] names.
    fn import(
        cx: &Operation<Self::Provider>,
        id: &str,
    ) -> impl Future<Output = Result<super::Object>> + Send {
        let _ = cx;
        let found = Self::IMPORT.parse(id);
        async { found }
    }

    /// Lifts a state of an older schema version to the current one.
    fn upgrade(version: i64, state: serde_json::Value) -> Result<serde_json::Value> {
        let _ = state;
        Err(super::Error::invalid(format!(
            "a state of {} with schema version {version} was never released",
            Self::NAME
        )))
    }
}

/// The typed view of a [`Progress`].
#[derive(Debug)]
pub struct Saved<'a, M> {
    progress: &'a mut Progress,
    model: PhantomData<M>,
}

impl<M: Model> Saved<'_, M> {
    /// Records how far the object has come.
    pub fn save(&mut self, state: M) {
        self.progress.save(state.into_value());
    }
}

/// Makes a lifecycle of a typed resource.
#[derive(Debug)]
pub(super) struct Typed<R>(pub(super) PhantomData<fn() -> R>);

fn saved<M: Model>(progress: &mut Progress) -> Saved<'_, M> {
    Saved { progress, model: PhantomData }
}

#[async_trait]
impl<R: Resource> Lifecycle<R::Provider> for Typed<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn schema(&self) -> Schema {
        Schema::new(R::VERSION, R::Model::DESCRIPTION, R::Model::attributes())
    }

    fn timeouts(&self) -> DefaultTimeouts {
        R::TIMEOUTS
    }

    fn import_format(&self) -> ImportFormat {
        R::IMPORT
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        validate::typed(config, diagnostics, R::validate);
    }

    fn generated(&self, config: &mut Value) {
        R::generated(config);
    }

    async fn plan(&self, cx: &Operation<R::Provider>, change: &mut Change) -> Result<()> {
        R::plan(cx, change).await
    }

    async fn create(
        &self,
        cx: &Operation<R::Provider>,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        let planned = R::Model::from_value(with_write_only::<R::Model>(planned, config))?;
        R::create(cx, planned, &mut saved(progress)).await.map(R::Model::into_value)
    }

    async fn read(&self, cx: &Operation<R::Provider>, state: Value) -> Result<Option<Value>> {
        let read = R::read(cx, R::Model::from_value(state)?).await?;
        Ok(read.map(R::Model::into_value))
    }

    async fn update(
        &self,
        cx: &Operation<R::Provider>,
        prior: Value,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        let prior = R::Model::from_value(prior)?;
        let planned = R::Model::from_value(with_write_only::<R::Model>(planned, config))?;
        R::update(cx, prior, planned, &mut saved(progress)).await.map(R::Model::into_value)
    }

    async fn delete(&self, cx: &Operation<R::Provider>, state: Value) -> Result<()> {
        R::delete(cx, R::Model::from_value(state)?).await
    }

    async fn import(&self, cx: &Operation<R::Provider>, id: ImportId) -> Result<Value> {
        let found = match id {
            ImportId::Identity(identity) => identity,
            ImportId::Text(text) => R::import(cx, &text).await?,
        };
        Ok(imported(&self.schema(), found))
    }

    fn peers(&self) -> Vec<Peer> {
        R::PEERS.to_vec()
    }

    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value> {
        R::upgrade(version, state)
    }
}

/// The planned values, with the write-only ones from the configuration.
fn with_write_only<M: Model>(planned: Value, config: &Value) -> Value {
    super::managed::with_write_only(&M::attributes(), planned, config)
}
