//! A provider for tests of the framework and the protocol: things in memory.
//!
//! What a thing does when it is made, read, changed or ended is said in its own
//! configuration, by `fault`; what reached the "API" is in the [`Backend`].

mod action;
mod function;
mod reads;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use serde_json::Value as Json;
use terraform_provider_gitops::framework::checks::json_object;
use terraform_provider_gitops::framework::wait::{self, Pace, Poll};
use terraform_provider_gitops::framework::{
    Attr, Change, DefaultTimeouts, Diagnostics, Dynamic, Error, ImportFormat, Model, Path,
    Provider, Registry, Resource, Result, Saved, Schema, Secret, Set, Timeouts, Value,
};
use terraform_provider_gitops::rpc::Server;
use tokio_util::sync::CancellationToken;

use action::Poke;
use function::Measure;
pub(crate) use reads::at;
use reads::{Look, Pass};

type Operation = terraform_provider_gitops::framework::Operation<Fake>;

/// The API that the provider talks to.
#[derive(Debug, Default)]
pub(crate) struct Backend {
    things: Mutex<BTreeMap<String, Thing>>,
    calls: Mutex<Vec<String>>,
}

static BACKENDS: LazyLock<Mutex<BTreeMap<String, Arc<Backend>>>> = LazyLock::new(Mutex::default);

impl Backend {
    /// The API of that name; every test has its own.
    pub(crate) fn named(name: &str) -> Arc<Self> {
        lock(&BACKENDS).entry(name.to_owned()).or_default().clone()
    }

    /// What was called so far.
    pub(crate) fn calls(&self) -> Vec<String> {
        lock(&self.calls).clone()
    }

    /// The thing of that name.
    pub(crate) fn thing(&self, name: &str) -> Option<Thing> {
        lock(&self.things).get(name).cloned()
    }

    /// Changes a thing behind the provider's back.
    pub(crate) fn meddle(&self, name: &str, change: impl FnOnce(&mut Thing)) {
        change(lock(&self.things).get_mut(name).expect("the thing is there"));
    }

    /// Takes a thing away behind the provider's back.
    pub(crate) fn lose(&self, name: &str) {
        lock(&self.things).remove(name);
    }

    fn call(&self, call: impl Into<String>) {
        lock(&self.calls).push(call.into());
    }

    fn put(&self, thing: &Thing) {
        let name = thing.name.as_str().expect("a thing has a name").to_owned();
        lock(&self.things).insert(name, thing.clone());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The provider's configuration.
#[derive(Clone, Debug, Default, Model)]
pub(crate) struct Config {
    /// Name of the API.
    #[attr(required)]
    pub(crate) backend: Attr<String>,
}

/// The configured provider.
#[derive(Debug)]
pub(crate) struct Fake {
    backend: Arc<Backend>,
}

impl Provider for Fake {
    fn schema() -> Schema {
        Schema::new(0, Config::DESCRIPTION, Config::attributes())
    }

    fn validate(_: &Value, _: &mut Diagnostics) {}

    async fn configure(config: Value, _: &mut Diagnostics) -> Result<Self> {
        let config = Config::from_value(config)?;
        Ok(Self { backend: Backend::named(config.backend.require("backend")?) })
    }
}

/// A server of things, not configured yet.
pub(crate) fn server() -> Server<Fake> {
    let registry = Registry::new()
        .resource::<Thing>()
        .resource::<Other>()
        .data_source::<Look>()
        .ephemeral::<Pass>()
        .action::<Poke>()
        .function::<Measure>();
    Server::new(registry, CancellationToken::new())
}

/// A thing.
#[derive(Clone, Debug, Default, Model)]
pub(crate) struct Thing {
    /// Its name.
    #[attr(required, replace, identity)]
    pub(crate) name: Attr<String>,
    /// Where it is.
    #[attr(default = "north", replace, identity, one_of = ["north", "south"])]
    pub(crate) zone: Attr<String>,
    /// What goes wrong with it.
    pub(crate) fault: Attr<String>,
    /// Its size.
    #[attr(default = "small")]
    pub(crate) size: Attr<String>,
    /// A document.
    #[attr(check = json_object, same = same_json)]
    pub(crate) document: Attr<String>,
    /// Anything.
    pub(crate) anything: Attr<Dynamic>,
    /// A secret.
    pub(crate) secret: Attr<Secret>,
    /// A secret that is kept nowhere.
    #[attr(write_only)]
    pub(crate) token_wo: Attr<Secret>,
    /// Version of `token_wo`.
    pub(crate) token_wo_version: Attr<i64>,
    /// One part.
    pub(crate) single: Attr<Part>,
    /// Parts in order.
    pub(crate) list: Attr<Vec<Part>>,
    /// Parts by key.
    pub(crate) map: Attr<BTreeMap<String, Part>>,
    /// Words without order.
    pub(crate) words: Attr<Set<String>>,
    /// Pieces without order.
    pub(crate) set: Attr<Set<Piece>>,
    /// What the provider thinks of it.
    #[attr(optional, computed)]
    pub(crate) opinion: Attr<Opinion>,
    /// Blocks.
    #[attr(block)]
    pub(crate) rule: Attr<Vec<Piece>>,
    /// Its number.
    #[attr(computed, stable)]
    pub(crate) id: Attr<String>,
    /// How often it was changed.
    #[attr(computed)]
    pub(crate) revision: Attr<i64>,
    /// How long each operation may take.
    #[attr(block)]
    pub(crate) timeouts: Attr<Timeouts>,
}

/// A part of a thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub(crate) struct Part {
    /// Its key.
    #[attr(required)]
    pub(crate) key: Attr<String>,
    /// A change of it makes a new thing, where it is the thing's only part.
    #[attr(replace)]
    pub(crate) fixed: Attr<String>,
    /// A secret that is kept nowhere.
    #[attr(write_only)]
    pub(crate) pin_wo: Attr<Secret>,
    /// Version of `pin_wo`.
    pub(crate) pin_wo_version: Attr<i64>,
    /// Its number.
    #[attr(computed)]
    pub(crate) id: Attr<String>,
}

/// A piece of a thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub(crate) struct Piece {
    /// Its key.
    #[attr(required)]
    pub(crate) key: Attr<String>,
    /// Its colour.
    #[attr(default = "red")]
    pub(crate) colour: Attr<String>,
    /// Its number.
    #[attr(computed)]
    pub(crate) id: Attr<String>,
}

/// What the provider thinks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub(crate) struct Opinion {
    /// Good or bad.
    #[attr(optional, computed)]
    pub(crate) verdict: Attr<String>,
}

fn same_json(a: &str, b: &str) -> bool {
    serde_json::from_str::<Json>(a).ok() == serde_json::from_str::<Json>(b).ok()
}

impl Resource for Thing {
    type Model = Self;
    type Provider = Fake;

    const NAME: &'static str = "thing";
    const VERSION: i64 = 1;
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(10);
    const IMPORT: ImportFormat = ImportFormat("{zone}/{name}");

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        let on_rails = config.fault.as_str() != Some("panic at validate");
        assert!(on_rails, "a check went off its rails");
        if config.token_wo.is_set() && config.token_wo_version.is_null() {
            diagnostics.invalid(
                Path::attribute("token_wo"),
                "A version is missing",
                "Set token_wo_version beside token_wo.",
            );
        }
    }

    async fn plan(cx: &Operation, change: &mut Change) -> Result<()> {
        if change.prior.is_none() {
            cx.remember("planned", true);
        }
        match change.config.get("fault").as_str() {
            Some("unplannable") => Err(Error::invalid("no plan can hold it").at("size")),
            Some("doubtful") => {
                cx.warn(
                    Path::attribute("size"),
                    "It may not fit",
                    "Nobody knows before the apply.",
                );
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn create(cx: &Operation, planned: Self, progress: &mut Saved<'_, Self>) -> Result<Self> {
        let backend = &cx.provider().backend;
        backend.call(format!("create {}", planned.name.require("name")?));
        let fault = planned.fault.as_str().unwrap_or_default();
        if fault == "refuse" {
            return Err(Error::forbidden("things may not be made here"));
        }
        let bare = Self {
            id: "t-1".to_owned().into(),
            list: Attr::Null,
            set: Attr::Null,
            ..planned.clone()
        };
        backend.put(&bare);
        progress.save(bare);
        cx.remember("made", "by a create");
        match fault {
            "fail half-way" => return Err(Error::failed("the second half does not fit")),
            "panic half-way" => panic!("the bottom fell out"),
            "hang" => hang(cx).await?,
            _ => {}
        }
        let mut made = planned.completed(1);
        if made.fault.as_str() == Some("other answer") {
            made.answer_otherwise();
        }
        backend.put(&made);
        Ok(made)
    }

    async fn read(cx: &Operation, state: Self) -> Result<Option<Self>> {
        let backend = &cx.provider().backend;
        backend.call(format!(
            "read {}/{}{}, made {}",
            state.zone.require("zone")?,
            state.name.require("name")?,
            if cx.is_imported() { " after an import" } else { "" },
            cx.recall::<String>("made").unwrap_or_else(|| "elsewhere".into()),
        ));
        match state.fault.as_str() {
            Some("panic at read") => panic!("the glasses broke"),
            Some("unreadable") => return Err(Error::unavailable("nobody answers")),
            _ => {}
        }
        let Some(thing) = backend.thing(state.name.require("name")?) else {
            return Err(Error::not_found("no such thing"));
        };
        Ok(Some(Self { timeouts: state.timeouts, ..thing }))
    }

    async fn update(
        cx: &Operation,
        prior: Self,
        planned: Self,
        progress: &mut Saved<'_, Self>,
    ) -> Result<Self> {
        let backend = &cx.provider().backend;
        backend.call(format!("update {}", planned.name.require("name")?));
        match planned.fault.as_str() {
            Some("refuse") => return Err(Error::forbidden("things may not be changed here")),
            Some("fail half-way") => {
                let half = Self { size: planned.size.clone(), ..prior };
                backend.put(&half);
                progress.save(half);
                return Err(Error::failed("only the size was changed"));
            }
            Some("hang") => hang(cx).await?,
            _ => {}
        }
        let changed = planned.completed(prior.revision.known().copied().unwrap_or_default() + 1);
        backend.put(&changed);
        Ok(changed)
    }

    async fn delete(cx: &Operation, state: Self) -> Result<()> {
        let backend = &cx.provider().backend;
        let name = state.name.require("name")?;
        backend.call(format!("delete {name}"));
        match state.fault.as_str() {
            Some("undeletable") => return Err(Error::conflict("the thing is in use")),
            Some("panic at delete") => panic!("the shredder jammed"),
            _ => {}
        }
        if backend.thing(name).is_none() {
            return Err(Error::not_found("no such thing"));
        }
        backend.lose(name);
        Ok(())
    }

    /// Version 0 called the name a title.
    fn upgrade(_: i64, mut state: Json) -> Result<Json> {
        state["name"] = state["title"].take();
        Ok(state)
    }
}

/// Waits for what never comes, as long as the operation may take.
async fn hang(cx: &Operation) -> Result<()> {
    wait::until(cx.deadline(), Pace::CLUSTER, "a thing that never comes", || async {
        Ok(Poll::Pending("still not there".into()))
    })
    .await
}

impl Thing {
    /// The thing as the API answers: with numbers, and with spellings of its own.
    fn completed(mut self, revision: i64) -> Self {
        let number = |part: &mut Part, id: String| part.id = id.into();
        if let Attr::Known(part) = &mut self.single {
            number(part, "single".into());
        }
        if let Attr::Known(parts) = &mut self.list {
            parts.iter_mut().enumerate().for_each(|(at, part)| number(part, format!("l{at}")));
        }
        if let Attr::Known(parts) = &mut self.map {
            for (key, part) in parts.iter_mut() {
                number(part, format!("m-{key}"));
            }
        }
        let name = |piece: &mut Piece| {
            piece.id = format!("p-{}", piece.key.as_str().unwrap_or_default()).into();
        };
        if let Attr::Known(pieces) = &mut self.set {
            pieces.0.iter_mut().for_each(name);
        }
        if let Attr::Known(pieces) = &mut self.rule {
            pieces.iter_mut().for_each(name);
        }
        if let Attr::Known(document) = &mut self.document {
            // Another spelling of the same.
            *document = document.replace(':', ": ");
        }
        if !self.opinion.is_set() || self.opinion.is_unknown() {
            self.opinion = Opinion { verdict: "good".to_owned().into() }.into();
        } else if let Attr::Known(opinion) = &mut self.opinion
            && opinion.verdict.is_unknown()
        {
            opinion.verdict = "good".to_owned().into();
        }
        Self { id: "t-1".to_owned().into(), revision: revision.into(), ..self }
    }

    /// As an API does that drops what it does not like.
    fn answer_otherwise(&mut self) {
        if let Attr::Known(parts) = &mut self.list {
            parts.pop();
        }
        if let Attr::Known(parts) = &mut self.map {
            *parts = std::mem::take(parts).into_values().map(|part| ("x".into(), part)).collect();
        }
        if let Attr::Known(pieces) = &mut self.set {
            pieces.0[0].colour = "grey".to_owned().into();
        }
        self.rule = Attr::Known(vec![]);
        self.size = "medium".to_owned().into();
    }
}

/// Something else.
#[derive(Clone, Debug, Default, Model)]
pub(crate) struct Other {
    /// Its name.
    #[attr(required, replace, identity)]
    pub(crate) name: Attr<String>,
    /// How long each operation may take.
    #[attr(block)]
    pub(crate) timeouts: Attr<Timeouts>,
}

impl Resource for Other {
    type Model = Self;
    type Provider = Fake;

    const NAME: &'static str = "other";
    const TIMEOUTS: DefaultTimeouts = DefaultTimeouts::minutes(10);
    const IMPORT: ImportFormat = ImportFormat("{name}");

    async fn create(_: &Operation, planned: Self, _: &mut Saved<'_, Self>) -> Result<Self> {
        Ok(planned)
    }

    async fn read(_: &Operation, state: Self) -> Result<Option<Self>> {
        Ok(Some(state))
    }

    async fn update(
        _: &Operation,
        _: Self,
        planned: Self,
        _: &mut Saved<'_, Self>,
    ) -> Result<Self> {
        Ok(planned)
    }

    async fn delete(_: &Operation, _: Self) -> Result<()> {
        Ok(())
    }
}
