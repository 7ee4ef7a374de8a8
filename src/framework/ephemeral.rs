//! Ephemeral resources: what lives for one run and is kept nowhere.

use std::future::Future;
use std::marker::PhantomData;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::configured::Configured;
use super::data_source::complete;
use super::diagnostics::Diagnostics;
use super::error::Result;
use super::managed::{Session, caught};
use super::model::Model;
use super::operation::Operation;
use super::plan;
use super::private::Private;
use super::value::Value;

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
pub type Lessor<P> = Configured<Box<dyn Opener<P>>>;

impl<P: Send + Sync + 'static> Lessor<P> {
    /// The ephemeral resource `E`.
    pub fn of<E: Ephemeral<Provider = P>>() -> Self {
        Self::new(E::NAME, E::validate, Box::new(Typed::<E>(PhantomData)))
    }

    /// Makes it.
    pub async fn open(&self, session: &Session<P>, config: &Value) -> Lease {
        let cx = session.operation(self.work.timeout(), Private::default());
        let attributes = &self.schema().attributes;
        let planned = plan::plan(attributes, None, config).value;
        let opening = caught(self.work.open(&cx, planned.clone()));
        let opened = cx.deadline().bound(opening).await;
        let opened = opened.and_then(|Opened { result, renew_at }| {
            let result = complete(plan::settle(attributes, &planned, result))?;
            Ok((Some(result), renew_at))
        });
        let (opened, private, diagnostics) = self.end(cx, "opening ephemeral resource", opened);
        let (result, renew_at) = opened.unwrap_or_default();
        Lease { result, renew_at, private, diagnostics }
    }

    /// Keeps it good for longer.
    pub async fn renew(&self, session: &Session<P>, private: Private) -> Lease {
        let cx = session.operation(self.work.timeout(), private);
        let renewed = cx.deadline().bound(caught(self.work.renew(&cx))).await;
        let (renewed, private, diagnostics) = self.end(cx, "renewing ephemeral resource", renewed);
        Lease { renew_at: renewed.unwrap_or_default(), private, diagnostics, result: None }
    }

    /// Ends it.
    pub async fn close(&self, session: &Session<P>, private: Private) -> Diagnostics {
        let cx = session.operation(self.work.timeout(), private);
        let closed = caught(self.work.close(&cx)).await;
        self.end(cx, "closing ephemeral resource", closed).2
    }
}

/// An ephemeral resource on plain values.
#[async_trait]
pub trait Opener<P>: Send + Sync {
    /// How long each call may take.
    fn timeout(&self) -> Duration;

    /// Makes it.
    async fn open(&self, cx: &Operation<P>, config: Value) -> Result<Opened<Value>>;

    /// Keeps it good for longer; says when to do so again.
    async fn renew(&self, cx: &Operation<P>) -> Result<Option<SystemTime>>;

    /// Ends it.
    async fn close(&self, cx: &Operation<P>) -> Result<()>;
}

struct Typed<E>(PhantomData<fn() -> E>);

#[async_trait]
impl<E: Ephemeral> Opener<E::Provider> for Typed<E> {
    fn timeout(&self) -> Duration {
        E::TIMEOUT
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
