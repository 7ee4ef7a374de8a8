//! Data sources: what is read by a configuration and managed elsewhere.

use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use async_trait::async_trait;

use super::configured::Configured;
use super::diagnostics::Diagnostics;
use super::error::{Error, Result};
use super::managed::{Outcome, Session, caught};
use super::model::Model;
use super::operation::Operation;
use super::plan;
use super::private::Private;
use super::value::Value;

/// A type of data source whose model is a struct.
///
/// Core reads one only when its whole configuration is known.
pub trait DataSource: Send + Sync + 'static {
    /// The configuration, and what is found.
    type Model: Model;
    /// What a read calls on.
    type Provider: Send + Sync + 'static;

    /// Short name of the type, such as `eks_cluster`.
    const NAME: &'static str;
    /// How long a read may take.
    const TIMEOUT: Duration = Duration::from_mins(5);

    /// Checks rules that go beyond single attributes; unknown parts pass.
    fn validate(config: &Self::Model, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// Finds it. That it is not there is an error.
    fn read(
        cx: &Operation<Self::Provider>,
        config: Self::Model,
    ) -> impl Future<Output = Result<Self::Model>> + Send;
}

/// A type of data source, ready to be served.
pub type Source<P> = Configured<Box<dyn Reader<P>>>;

impl<P: Send + Sync + 'static> Source<P> {
    /// The data source `D`.
    pub fn of<D: DataSource<Provider = P>>() -> Self {
        Self::new(D::NAME, D::validate, Box::new(Typed::<D>(PhantomData)))
    }

    /// Reads it.
    pub async fn read(&self, session: &Session<P>, config: &Value) -> Outcome {
        let cx = session.operation(self.work.timeout(), Private::default());
        let attributes = &self.schema().attributes;
        let planned = plan::plan(attributes, None, config).value;
        // What nobody waits for any more is dropped.
        let reading = caught(self.work.read(&cx, planned.clone()));
        let found = cx.deadline().bound(reading).await;
        let found = found.and_then(|found| complete(plan::settle(attributes, &planned, found)));
        let (found, _, diagnostics) = self.end(cx, "reading data source", found);
        let state = match found {
            Ok(found) => Some(found),
            // What is put off is unknown for now, and not nothing.
            Err(error) => error.is_premature().then_some(planned),
        };
        Outcome { state, diagnostics, ..Outcome::default() }
    }
}

/// Refuses a result that core would refuse without saying what is wrong with it.
pub(super) fn complete(result: Value) -> Result<Value> {
    if result.is_wholly_known() {
        return Ok(result);
    }
    let unknown = result.unknown_parts(&super::Path::root());
    Err(Error::bug(format!("{} not known in the result", super::Path::are(&unknown))))
}

/// A data source on plain values.
#[async_trait]
pub trait Reader<P>: Send + Sync {
    /// How long a read may take.
    fn timeout(&self) -> Duration;

    /// Finds it.
    async fn read(&self, cx: &Operation<P>, config: Value) -> Result<Value>;
}

struct Typed<D>(PhantomData<fn() -> D>);

#[async_trait]
impl<D: DataSource> Reader<D::Provider> for Typed<D> {
    fn timeout(&self) -> Duration {
        D::TIMEOUT
    }

    async fn read(&self, cx: &Operation<D::Provider>, config: Value) -> Result<Value> {
        D::read(cx, D::Model::from_value(config)?).await.map(D::Model::into_value)
    }
}
