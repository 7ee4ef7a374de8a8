//! Actions: what is done when a run asks for it, and leaves nothing in the state.

use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::configured::Configured;
use super::diagnostics::Diagnostics;
use super::error::Result;
use super::managed::{Session, caught};
use super::model::Model;
use super::operation::Operation;
use super::private::Private;
use super::value::Value;

/// A type of action whose configuration is a struct.
pub trait Action: Send + Sync + 'static {
    /// What is to be done, and to what.
    type Config: Model;
    /// What the calls call on.
    type Provider: Send + Sync + 'static;

    /// Short name of the type, such as `application_sync`.
    const NAME: &'static str;

    /// How long an invocation may take.
    fn timeout(config: &Self::Config) -> Duration;

    /// Checks rules that go beyond single attributes; unknown parts pass.
    fn validate(config: &Self::Config, diagnostics: &mut Diagnostics) {
        let _ = (config, diagnostics);
    }

    /// Checks, at the plan, what depends on the provider's configuration. Parts of both may be
    /// unknown, and nothing is asked of an API.
    fn plan(cx: &Operation<Self::Provider>, config: &Self::Config) -> Result<()> {
        let _ = (cx, config);
        Ok(())
    }

    /// Does it; everything is known by now.
    fn invoke(
        cx: &Operation<Self::Provider>,
        config: Self::Config,
        progress: &SendProgress,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// Where an action sends what its user reads while it goes on.
#[derive(Clone, Debug)]
pub struct SendProgress(mpsc::UnboundedSender<String>);

impl SendProgress {
    /// A sender, and where what it sends arrives.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<String>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Sends a message of one line. That nobody listens any more is no matter of the action.
    pub fn send(&self, message: impl Into<String>) {
        let _nobody_listens = self.0.send(message.into());
    }
}

/// A type of action, ready to be served.
pub type Performer<P> = Configured<Box<dyn Actor<P>>>;

impl<P: Send + Sync + 'static> Performer<P> {
    /// The action `A`.
    pub fn of<A: Action<Provider = P>>() -> Self {
        Self::new(A::NAME, A::validate, Box::new(Typed::<A>(PhantomData)))
    }

    /// Says what is known not to work before anything is done.
    pub fn plan(&self, session: &Session<P>, config: &Value) -> Diagnostics {
        // A plan asks no API, so that it needs no time.
        let cx = session.operation(Duration::ZERO, Private::default());
        let planned = self.work.plan(&cx, config);
        self.end(cx, "planning action", planned).2
    }

    /// Does it, and gives what there is to tell at the end.
    pub async fn invoke(
        &self,
        session: &Session<P>,
        config: Value,
        progress: SendProgress,
    ) -> Diagnostics {
        let limit = match self.work.timeout(&config) {
            Ok(limit) => limit,
            Err(error) => return Diagnostics::from(&error),
        };
        let cx = session.operation(limit, Private::default());
        let done = caught(self.work.invoke(&cx, config, &progress)).await;
        self.end(cx, "invoking action", done).2
    }
}

/// An action on plain values.
#[async_trait]
pub trait Actor<P>: Send + Sync {
    /// How long an invocation may take.
    fn timeout(&self, config: &Value) -> Result<Duration>;

    /// Checks, at the plan, what depends on the provider's configuration.
    fn plan(&self, cx: &Operation<P>, config: &Value) -> Result<()>;

    /// Does it.
    async fn invoke(&self, cx: &Operation<P>, config: Value, progress: &SendProgress)
    -> Result<()>;
}

struct Typed<A>(PhantomData<fn() -> A>);

#[async_trait]
impl<A: Action> Actor<A::Provider> for Typed<A> {
    fn timeout(&self, config: &Value) -> Result<Duration> {
        Ok(A::timeout(&A::Config::from_value(config.clone())?))
    }

    fn plan(&self, cx: &Operation<A::Provider>, config: &Value) -> Result<()> {
        A::plan(cx, &A::Config::from_value(config.clone())?)
    }

    async fn invoke(
        &self,
        cx: &Operation<A::Provider>,
        config: Value,
        progress: &SendProgress,
    ) -> Result<()> {
        A::invoke(cx, A::Config::from_value(config)?, progress).await
    }
}
