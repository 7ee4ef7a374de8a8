//! Actions: what is done when a run asks for it, and leaves nothing in the state.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::diagnostics::Diagnostics;
use super::error::Result;
use super::managed::{Session, caught};
use super::model::Model;
use super::operation::Operation;
use super::private::Private;
use super::schema::Schema;
use super::validate;
use super::value::Value;
use super::wait::Deadline;

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
pub struct Performer<P> {
    name: &'static str,
    schema: Schema,
    actor: Box<dyn Actor<P>>,
}

impl<P: Send + Sync + 'static> Performer<P> {
    /// The action `A`.
    pub fn of<A: Action<Provider = P>>() -> Self {
        let schema = Schema::new(0, A::Config::DESCRIPTION, A::Config::attributes());
        Self { name: A::NAME, schema, actor: Box::new(Typed::<A>(PhantomData)) }
    }

    /// The short name of the type.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The schema of the configuration.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Checks a configuration.
    pub fn validate(&self, config: &Value) -> Diagnostics {
        validate::checked(&self.schema.attributes, config, |diagnostics| {
            self.actor.validate(config, diagnostics);
        })
    }

    /// Says what is known not to work before anything is done.
    pub fn plan(&self, session: &Session<P>, config: &Value) -> Diagnostics {
        // A plan asks no API, so that it needs no time.
        let deadline = Deadline::new(Duration::ZERO, session.cancel.clone());
        let cx = Operation::new(session.provider.clone(), deadline, Private::default());
        let planned = self.actor.plan(&cx, config);
        self.report(cx, "planning", planned)
    }

    /// Does it, and gives what there is to tell at the end.
    pub async fn invoke(
        &self,
        session: &Session<P>,
        config: Value,
        progress: SendProgress,
    ) -> Diagnostics {
        let limit = match self.actor.timeout(&config) {
            Ok(limit) => limit,
            Err(error) => return Diagnostics::from(&error),
        };
        let deadline = Deadline::new(limit, session.cancel.clone());
        let cx = Operation::new(session.provider.clone(), deadline, Private::default());
        let done = caught(self.actor.invoke(&cx, config, &progress)).await;
        self.report(cx, "invoking", done)
    }

    fn report(&self, cx: Operation<P>, doing: &str, done: Result<()>) -> Diagnostics {
        let (_, mut diagnostics) = cx.finish();
        if let Err(error) = done {
            let error = error.context(format!("{doing} action {}_{}", super::PREFIX, self.name));
            tracing::debug!(action = self.name, error = ?error, "action failed");
            diagnostics.error(&error);
        }
        diagnostics
    }
}

impl<P> fmt::Debug for Performer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Performer").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An action on plain values.
#[async_trait]
trait Actor<P>: Send + Sync {
    fn timeout(&self, config: &Value) -> Result<Duration>;
    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics);
    fn plan(&self, cx: &Operation<P>, config: &Value) -> Result<()>;
    async fn invoke(&self, cx: &Operation<P>, config: Value, progress: &SendProgress)
    -> Result<()>;
}

struct Typed<A>(PhantomData<fn() -> A>);

#[async_trait]
impl<A: Action> Actor<A::Provider> for Typed<A> {
    fn timeout(&self, config: &Value) -> Result<Duration> {
        Ok(A::timeout(&A::Config::from_value(config.clone())?))
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        validate::typed(config, diagnostics, A::validate);
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
