//! Data sources: what is read by a configuration and managed elsewhere.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use async_trait::async_trait;

use super::diagnostics::Diagnostics;
use super::error::{Error, Result};
use super::managed::{Outcome, Session, caught};
use super::model::Model;
use super::operation::Operation;
use super::private::Private;
use super::schema::Schema;
use super::value::Value;
use super::wait::Deadline;
use super::{plan, validate};

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
pub struct Source<P> {
    name: &'static str,
    schema: Schema,
    reader: Box<dyn Reader<P>>,
}

impl<P: Send + Sync + 'static> Source<P> {
    /// The data source `D`.
    pub fn of<D: DataSource<Provider = P>>() -> Self {
        let schema = Schema::new(0, D::Model::DESCRIPTION, D::Model::attributes());
        Self { name: D::NAME, schema, reader: Box::new(Typed::<D>(PhantomData)) }
    }

    /// The short name of the type.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Checks a configuration.
    pub fn validate(&self, config: &Value) -> Diagnostics {
        validate::checked(&self.schema.attributes, config, |diagnostics| {
            self.reader.validate(config, diagnostics);
        })
    }

    /// Reads it.
    pub async fn read(&self, session: &Session<P>, config: &Value) -> Outcome {
        let deadline = Deadline::new(self.reader.timeout(), session.cancel.clone());
        let cx = Operation::new(session.provider.clone(), deadline, Private::default());
        let planned = plan::plan(&self.schema.attributes, None, config).value;
        // What nobody waits for any more is dropped.
        let reading = caught(self.reader.read(&cx, planned.clone()));
        let found = cx.deadline().bound(reading).await;
        let found = found
            .and_then(|found| complete(plan::settle(&self.schema.attributes, &planned, found)));
        let (_, mut diagnostics) = cx.finish();
        let state = match found {
            Ok(found) => Some(found),
            Err(error) => {
                let doing = format!("reading data source {}_{}", super::PREFIX, self.name);
                let error = error.context(doing);
                tracing::debug!(data_source = self.name, error = ?error, "reading failed");
                diagnostics.error(&error);
                // What is put off is unknown for now, and not nothing.
                error.is_premature().then_some(planned)
            }
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

impl<P> fmt::Debug for Source<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A data source on plain values.
#[async_trait]
trait Reader<P>: Send + Sync {
    fn timeout(&self) -> Duration;
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics);
    async fn read(&self, cx: &Operation<P>, config: Value) -> Result<Value>;
}

struct Typed<D>(PhantomData<fn() -> D>);

#[async_trait]
impl<D: DataSource> Reader<D::Provider> for Typed<D> {
    fn timeout(&self) -> Duration {
        D::TIMEOUT
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        validate::typed(config, diagnostics, D::validate);
    }

    async fn read(&self, cx: &Operation<D::Provider>, config: Value) -> Result<Value> {
        D::read(cx, D::Model::from_value(config)?).await.map(D::Model::into_value)
    }
}
