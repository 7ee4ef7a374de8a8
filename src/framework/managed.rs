//! A type of resource as core sees it: everything that holds for all of them.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::FutureExt;
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use super::diagnostics::Diagnostics;
use super::error::{Context, Error, Result};
use super::identity::{IdentityAttribute, ImportFormat, ImportId, identity_of, identity_schema};
use super::lifecycle::{Change, Lifecycle, Progress, imported};
use super::list::Find;
use super::moves::{Foreign, Peer};
use super::operation::Operation;
use super::path::Path;
use super::private::Private;
use super::resource::{Resource, Typed};
use super::schema::{Attribute, Kind, Nesting, Schema};
use super::timeouts::Verb;
use super::value::{Object, Value};
use super::wait::Deadline;
use super::{plan, state, validate};

/// Set in the private state of an object between its import and its first read.
pub(super) const IMPORTED: &str = "imported";

/// A type of resource, ready to be served.
pub struct Managed<P> {
    lifecycle: Box<dyn Lifecycle<P>>,
    schema: OnceLock<Schema>,
}

/// What a call works with: the configured provider and the cancel of the run.
#[derive(Debug)]
pub struct Session<P> {
    /// The configured provider.
    pub provider: Arc<P>,
    /// Cancelled when the user stops the run.
    pub cancel: CancellationToken,
}

impl<P> Session<P> {
    /// An operation that may take that long, and ends with the run.
    pub(super) fn operation(&self, limit: Duration, private: Private) -> Operation<P> {
        let deadline = Deadline::new(limit, self.cancel.clone());
        Operation::new(self.provider.clone(), deadline, private)
    }
}

/// The outcome of a call that leaves an object behind, or none.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The state; `None` when there is no object.
    pub state: Option<Value>,
    /// What is remembered beside it.
    pub private: Private,
    /// The identity of the object, or null.
    pub identity: Value,
    /// What there is to tell.
    pub diagnostics: Diagnostics,
}

/// The outcome of a plan.
#[derive(Debug, Default)]
pub struct PlanOutcome {
    /// The planned state; `None` for a planned destroy.
    pub planned: Option<Value>,
    /// The attributes whose change makes a new object.
    pub replace: Vec<Path>,
    /// What is remembered beside it.
    pub private: Private,
    /// The identity that the object will have, or null while unknown.
    pub identity: Value,
    /// What there is to tell.
    pub diagnostics: Diagnostics,
}

impl<P: Send + Sync + 'static> Managed<P> {
    /// A type of resource with a typed model.
    pub fn typed<R: Resource<Provider = P>>() -> Self {
        Self::new(Typed::<R>(PhantomData))
    }

    /// A type of resource that speaks in values.
    pub fn new(lifecycle: impl Lifecycle<P> + 'static) -> Self {
        Self { lifecycle: Box::new(lifecycle), schema: OnceLock::new() }
    }

    /// The short name of the type.
    pub fn name(&self) -> &'static str {
        self.lifecycle.name()
    }

    /// The schema.
    pub fn schema(&self) -> &Schema {
        self.schema.get_or_init(|| self.lifecycle.schema())
    }

    /// What tells objects of this type apart.
    pub fn identity(&self) -> Vec<IdentityAttribute> {
        identity_schema(self.attributes())
    }

    /// The identity of an object in that state, or null while a part is not known.
    pub fn identity_of(&self, state: &Value) -> Value {
        identity_of(self.attributes(), state)
    }

    /// How the text of an import is written.
    pub fn import_format(&self) -> ImportFormat {
        self.lifecycle.import_format()
    }

    fn attributes(&self) -> &[Attribute] {
        &self.schema().attributes
    }

    /// Checks a configuration.
    pub fn validate(&self, config: &Value) -> Diagnostics {
        validate::checked(self.attributes(), config, |diagnostics| {
            self.lifecycle.validate(config, diagnostics);
        })
    }

    /// A configuration for an object in that state, which has none yet.
    pub fn generate(&self, state: &Value) -> Value {
        let mut config = plan::generate(self.attributes(), state);
        self.lifecycle.generated(&mut config);
        config
    }

    /// Plans a create, an update, or (with no `config`) a destroy.
    pub async fn plan(
        &self,
        session: &Session<P>,
        prior: Option<Value>,
        config: Option<Value>,
        private: Private,
    ) -> PlanOutcome {
        let Some(config) = config else {
            let state = prior.unwrap_or_default();
            let cx = self.operation(session, Verb::Read, &state, private);
            let result = self.lifecycle.plan_delete(&cx, &state).await;
            let (private, diagnostics) = self.report(cx, result.err());
            return PlanOutcome { private, diagnostics, ..PlanOutcome::default() };
        };
        let plan::Planned { value, replace } =
            plan::plan(self.attributes(), prior.as_ref(), &config);
        let cx = self.operation(session, Verb::Read, &config, private);
        let mut change = Change { config, prior, planned: value, replace };
        let result = self.lifecycle.plan(&cx, &mut change).await;
        let (private, diagnostics) = self.report(cx, result.err());
        let identity = identity_of(self.attributes(), &change.planned);
        let Change { planned, replace, .. } = change;
        PlanOutcome { planned: Some(planned), replace, private, identity, diagnostics }
    }

    /// Carries out a planned change.
    pub async fn apply(
        &self,
        session: &Session<P>,
        prior: Option<Value>,
        planned: Option<Value>,
        config: &Value,
        private: Private,
    ) -> Outcome {
        match (prior, planned) {
            (None, None) => Outcome::default(),
            (Some(prior), None) => self.delete(session, prior, private).await,
            (None, Some(planned)) => {
                let cx = self.operation(session, Verb::Create, &planned, private);
                let mut progress = Progress::none();
                let work = self.lifecycle.create(&cx, planned.clone(), config, &mut progress);
                let made = caught(work).await;
                self.settle(cx, Verb::Create, &planned, made, progress)
            }
            (Some(prior), Some(planned)) => {
                let cx = self.operation(session, Verb::Update, &planned, private);
                let mut progress = Progress::from(prior.clone());
                let work =
                    self.lifecycle.update(&cx, prior, planned.clone(), config, &mut progress);
                let made = caught(work).await;
                self.settle(cx, Verb::Update, &planned, made, progress)
            }
        }
    }

    fn settle(
        &self,
        cx: Operation<P>,
        verb: Verb,
        planned: &Value,
        made: Result<Value>,
        progress: Progress,
    ) -> Outcome {
        let (state, error) = match made {
            Ok(made) => (Some(plan::settle(self.attributes(), planned, made)), None),
            Err(error) => {
                let reached = progress
                    .into_state()
                    .map(|state| without_write_only(self.attributes(), state.without_unknowns()));
                (reached, Some(self.name_it(error, verb, planned)))
            }
        };
        let (private, diagnostics) = self.report(cx, error);
        let identity = state.as_ref().map_or(Value::Null, |s| identity_of(self.attributes(), s));
        Outcome { state, private, identity, diagnostics }
    }

    async fn delete(&self, session: &Session<P>, prior: Value, private: Private) -> Outcome {
        let cx = self.operation(session, Verb::Delete, &prior, private);
        let identity = identity_of(self.attributes(), &prior);
        match caught(self.lifecycle.delete(&cx, prior.clone())).await {
            Err(error) if !error.is_not_found() => {
                let error = self.name_it(error, Verb::Delete, &prior);
                let (private, diagnostics) = self.report(cx, Some(error));
                // What could not be deleted is still there, and stays in the state.
                Outcome { state: Some(prior), private, identity, diagnostics }
            }
            _ => {
                let (_, diagnostics) = self.report(cx, None);
                Outcome { diagnostics, ..Outcome::default() }
            }
        }
    }

    /// Refreshes a state.
    pub async fn read(&self, session: &Session<P>, prior: Value, private: Private) -> Outcome {
        let cx = self.operation(session, Verb::Read, &prior, private);
        let result = match self.lifecycle.read(&cx, prior.clone()).await {
            Err(error) if error.is_not_found() => Ok(None),
            result => result,
        };
        cx.forget(IMPORTED);
        match result {
            Ok(read) => {
                let state = read.map(|read| plan::refresh(self.attributes(), &prior, read));
                let identity =
                    state.as_ref().map_or(Value::Null, |s| identity_of(self.attributes(), s));
                let (private, diagnostics) = self.report(cx, None);
                Outcome { state, private, identity, diagnostics }
            }
            Err(error) => {
                let identity = identity_of(self.attributes(), &prior);
                let error = self.name_it(error, Verb::Read, &prior);
                let (private, diagnostics) = self.report(cx, Some(error));
                Outcome { state: Some(prior), private, identity, diagnostics }
            }
        }
    }

    /// Finds what is imported; core reads it next.
    pub async fn import(&self, session: &Session<P>, id: ImportId) -> Outcome {
        let cx = self.operation(session, Verb::Read, &Value::Null, Private::default());
        match self.lifecycle.import(&cx, id).await {
            Ok(state) => {
                cx.remember(IMPORTED, true);
                let identity = identity_of(self.attributes(), &state);
                let (private, diagnostics) = self.report(cx, None);
                Outcome { state: Some(state), private, identity, diagnostics }
            }
            Err(error) => {
                let error = error.context(format!("importing {}", self.type_name()));
                let (private, diagnostics) = self.report(cx, Some(error));
                Outcome { private, diagnostics, ..Outcome::default() }
            }
        }
    }

    /// Takes over a state of another provider's type; core reads it next, as after an import.
    ///
    /// # Errors
    /// When states of that type cannot become ones of this, or this one lacks
    /// what says which object it is of.
    pub fn take_over(&self, foreign: &Foreign<'_>) -> Result<(Value, Private)> {
        let peers = self.lifecycle.peers();
        let Some(peer) = peers.iter().find(|peer| peer.is(foreign)) else {
            return Err(self.takes_no_state_of(foreign, &peers));
        };
        let found = (peer.find)(foreign)
            .context(|| format!("moving a state of {} to {}", peer.type_name, self.type_name()))?;
        let mut private = Private::default();
        private.set(IMPORTED, true);
        Ok((imported(self.schema(), found), private))
    }

    fn takes_no_state_of(&self, foreign: &Foreign<'_>, peers: &[Peer]) -> Error {
        let names: Vec<_> = peers
            .iter()
            .map(|peer| format!("{} ({})", peer.type_name, peer.providers.join(", ")))
            .collect();
        let advice = if names.is_empty() {
            "Import the object with an import block, and let the other resource go with a removed \
             block."
                .to_owned()
        } else {
            format!(
                "States of these can: {}. Any other object is imported with an import block, and \
                 let go by the other resource with a removed block.",
                names.join("; ")
            )
        };
        Error::invalid(format!(
            "a state of {} from {} cannot become one of {}",
            foreign.type_name,
            foreign.provider,
            self.type_name()
        ))
        .advise(advice)
    }

    /// The identity of an object that a list has found, and its state where that is wanted.
    pub async fn found(
        &self,
        session: &Session<P>,
        find: Find,
        object: bool,
    ) -> (Value, Option<Value>, Diagnostics) {
        let start = imported(self.schema(), find.identity);
        let identity = identity_of(self.attributes(), &start);
        match find.state {
            _ if !object => (identity, None, Diagnostics::default()),
            Some(state) => {
                let state = plan::refresh(self.attributes(), &start, state);
                (identity, Some(state), Diagnostics::default())
            }
            None => {
                let mut private = Private::default();
                private.set(IMPORTED, true);
                let read = self.read(session, start, private).await;
                (identity, read.state, read.diagnostics)
            }
        }
    }

    /// Reads a stored state of this or an older schema version.
    pub fn upgrade(&self, version: i64, stored: Json) -> Result<Value> {
        let current = self.schema().version;
        let stored = if version < current {
            self.lifecycle.upgrade(version, stored).context(|| {
                format!("upgrading the state of {} from version {version}", self.type_name())
            })?
        } else {
            stored
        };
        state::from_json(self.attributes(), &stored)
            .context(|| format!("reading the stored state of {}", self.type_name()))
    }

    fn type_name(&self) -> String {
        format!("{}_{}", super::PREFIX, self.name())
    }

    /// `creating gitops_application "argocd/shop"`, so that the user sees which.
    fn name_it(&self, error: Error, verb: Verb, values: &Value) -> Error {
        let object = self.import_format().render(values);
        let object = object.map(|id| format!(" {id:?}")).unwrap_or_default();
        error.context(format!("{} {}{object}", verb.doing(), self.type_name()))
    }

    fn operation(
        &self,
        session: &Session<P>,
        verb: Verb,
        values: &Value,
        private: Private,
    ) -> Operation<P> {
        session.operation(self.lifecycle.timeouts().limit(verb, values), private)
    }

    fn report(&self, cx: Operation<P>, error: Option<Error>) -> (Private, Diagnostics) {
        let (private, mut diagnostics) = cx.finish();
        if let Some(error) = error {
            tracing::debug!(resource = self.name(), error = ?error, "operation failed");
            diagnostics.error(&error);
        }
        (private, diagnostics)
    }
}

impl<P> fmt::Debug for Managed<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Managed").finish_non_exhaustive()
    }
}

/// Turns a panic into an error, so that what was reached before it is kept.
pub(super) async fn caught<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        Err(Error::bug(format!("the operation panicked: {}", panic_text(&*panic))))
    })
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The planned values, with the write-only ones from the configuration.
pub fn with_write_only(attributes: &[Attribute], planned: Value, config: &Value) -> Value {
    overlay(attributes, planned, Some(config))
}

/// The values without the write-only ones: what may be stored.
fn without_write_only(attributes: &[Attribute], values: Value) -> Value {
    overlay(attributes, values, None)
}

fn overlay(attributes: &[Attribute], values: Value, config: Option<&Value>) -> Value {
    let Value::Object(mut values) = values else { return values };
    for attr in attributes {
        let config = config.map(|config| config.get(attr.name));
        let Some(value) = values.get_mut(attr.name) else { continue };
        if attr.write_only {
            *value = config.cloned().unwrap_or_default();
            continue;
        }
        let Kind::Nested(nesting, inner) = &attr.kind else { continue };
        let taken = std::mem::take(value);
        *value = match (nesting, taken) {
            (Nesting::Single, taken @ Value::Object(_)) => overlay(inner, taken, config),
            (Nesting::Map, Value::Object(elements)) => elements
                .into_iter()
                .map(|(key, element)| {
                    let config = config.map(|config| config.get(&key));
                    let element = overlay(inner, element, config);
                    (key, element)
                })
                .collect::<Object>()
                .into(),
            (Nesting::List, Value::List(elements)) => elements
                .into_iter()
                .enumerate()
                .map(|(at, element)| {
                    let config = config.map(|c| c.as_list().and_then(|c| c.get(at)));
                    overlay(inner, element, config.map(|c| c.unwrap_or(&Value::Null)))
                })
                .collect(),
            // Core allows no write-only attribute within a set.
            (_, taken) => taken,
        };
    }
    Value::Object(values)
}
