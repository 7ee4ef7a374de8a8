//! Ephemeral resources: what lives for one run and is kept nowhere.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::data_source::complete;
use super::diagnostics::Diagnostics;
use super::error::Result;
use super::managed::{Session, caught};
use super::model::Model;
use super::operation::Operation;
use super::private::Private;
use super::schema::Schema;
use super::value::Value;
use super::wait::Deadline;
use super::{plan, validate};

/// A type of ephemeral resource whose model is a struct.
///
/// What one call remembers in its [`Operation`] the following ones recall.
pub trait Ephemeral: Send + Sync + 'static {
    /// The configuration, and what it results in.
    type Model: Model;
    /// What the calls call on.
    type Provider: Send + Sync + 'static;

    /// Short name of the type, such as `eks_token`.
    const NAME: &'static str;
    /// How long each call may take.
    const TIMEOUT: Duration = Duration::from_mins(5);

    /// Checks rules that go beyond single attributes; unknown parts pass.
    fn validate(config: &Self::Model, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// Makes it.
    fn open(
        cx: &Operation<Self::Provider>,
        config: Self::Model,
    ) -> impl Future<Output = Result<Opened<Self::Model>>> + Send;

    /// Keeps it good for longer, at the time that was asked for; says when to do so
    /// again. What it resulted in cannot change: core has handed it on.
    fn renew(
        cx: &Operation<Self::Provider>,
    ) -> impl Future<Output = Result<Option<SystemTime>>> + Send {
        let _ = cx;
        async { Ok(None) }
    }

    /// Ends it. By default it ends by itself.
    fn close(cx: &Operation<Self::Provider>) -> impl Future<Output = Result<()>> + Send {
        let _ = cx;
        async { Ok(()) }
    }
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Opened<M> {
    /// What core hands on.
    pub result: M,
    /// When to be renewed, if it is still in use then.
    pub renew_at: Option<SystemTime>,
}

/// The outcome of a call.
#[derive(Debug, Default)]
pub struct Lease {
    /// What was made, of a call that makes it; `None` when it failed.
    pub result: Option<Value>,
    /// When to renew it, if ever.
    pub renew_at: Option<SystemTime>,
    /// What the following calls recall.
    pub private: Private,
    /// What there is to tell.
    pub diagnostics: Diagnostics,
}

/// A type of ephemeral resource, ready to be served.
pub struct Lessor<P> {
    name: &'static str,
    schema: Schema,
    opener: Box<dyn Opener<P>>,
}

impl<P: Send + Sync + 'static> Lessor<P> {
    /// The ephemeral resource `E`.
    pub fn of<E: Ephemeral<Provider = P>>() -> Self {
        let schema = Schema::new(0, E::Model::DESCRIPTION, E::Model::attributes());
        Self { name: E::NAME, schema, opener: Box::new(Typed::<E>(PhantomData)) }
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
            self.opener.validate(config, diagnostics);
        })
    }

    /// Makes it.
    pub async fn open(&self, session: &Session<P>, config: &Value) -> Lease {
        let cx = self.operation(session, Private::default());
        let attributes = &self.schema.attributes;
        let planned = plan::plan(attributes, None, config).value;
        let opening = caught(self.opener.open(&cx, planned.clone()));
        let opened = cx.deadline().bound(opening).await;
        let opened = opened.and_then(|Opened { result, renew_at }| {
            let result = complete(plan::settle(attributes, &planned, result))?;
            Ok((Some(result), renew_at))
        });
        let (opened, private, diagnostics) = self.report(cx, "opening", opened);
        let (result, renew_at) = opened.unwrap_or_default();
        Lease { result, renew_at, private, diagnostics }
    }

    /// Keeps it good for longer.
    pub async fn renew(&self, session: &Session<P>, private: Private) -> Lease {
        let cx = self.operation(session, private);
        let renewed = cx.deadline().bound(caught(self.opener.renew(&cx))).await;
        let (renewed, private, diagnostics) = self.report(cx, "renewing", renewed);
        Lease { renew_at: renewed.flatten(), private, diagnostics, result: None }
    }

    /// Ends it.
    pub async fn close(&self, session: &Session<P>, private: Private) -> Diagnostics {
        let cx = self.operation(session, private);
        let closed = caught(self.opener.close(&cx)).await;
        self.report(cx, "closing", closed).2
    }

    fn operation(&self, session: &Session<P>, private: Private) -> Operation<P> {
        let deadline = Deadline::new(self.opener.timeout(), session.cancel.clone());
        Operation::new(session.provider.clone(), deadline, private)
    }

    fn report<T>(
        &self,
        cx: Operation<P>,
        doing: &str,
        done: Result<T>,
    ) -> (Option<T>, Private, Diagnostics) {
        let (private, mut diagnostics) = cx.finish();
        let done = done.map_err(|error| {
            let doing = format!("{doing} ephemeral resource {}_{}", super::PREFIX, self.name);
            let error = error.context(doing);
            tracing::debug!(ephemeral_resource = self.name, error = ?error, "operation failed");
            diagnostics.error(&error);
        });
        (done.ok(), private, diagnostics)
    }
}

impl<P> fmt::Debug for Lessor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lessor").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An ephemeral resource on plain values.
#[async_trait]
trait Opener<P>: Send + Sync {
    fn timeout(&self) -> Duration;
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics);
    async fn open(&self, cx: &Operation<P>, config: Value) -> Result<Opened<Value>>;
    async fn renew(&self, cx: &Operation<P>) -> Result<Option<SystemTime>>;
    async fn close(&self, cx: &Operation<P>) -> Result<()>;
}

struct Typed<E>(PhantomData<fn() -> E>);

#[async_trait]
impl<E: Ephemeral> Opener<E::Provider> for Typed<E> {
    fn timeout(&self) -> Duration {
        E::TIMEOUT
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        validate::typed(config, diagnostics, E::validate);
    }

    async fn open(&self, cx: &Operation<E::Provider>, config: Value) -> Result<Opened<Value>> {
        let Opened { result, renew_at } = E::open(cx, E::Model::from_value(config)?).await?;
        Ok(Opened { result: result.into_value(), renew_at })
    }

    async fn renew(&self, cx: &Operation<E::Provider>) -> Result<Option<SystemTime>> {
        E::renew(cx).await
    }

    async fn close(&self, cx: &Operation<E::Provider>) -> Result<()> {
        E::close(cx).await
    }
}
