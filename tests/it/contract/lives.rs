//! The life of an object of every type, driven by the core: with the type's own schema, checks and
//! plans, and an API in memory that answers what it likes.
//!
//! What the types send to their real APIs is shown elsewhere. Here is what core asserts of every
//! answer, whatever an API makes of a request: consistent results, states that are wholly known,
//! identities that stay, nothing lost of what failed half-way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use terraform_provider_gitops::framework::managed::with_write_only;
use terraform_provider_gitops::framework::{
    self, Change, DefaultTimeouts, Diagnostics, Error, ImportFormat, Lifecycle, Managed, Path,
    Private, Progress, Registry, Result, Schema, Session, Value,
};
use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::Server;
use terraform_provider_gitops::rpc::codec::{Shape, decode, encode};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::cases::{CASES, Type, each, outcome, provider_block, shown};
use super::generate::{self, Choices, Taste};
use crate::support::core::value;
use crate::support::core::{Action, Core, Plan, Stored, Ty, Val};

type Operation = framework::Operation<Behind>;

/// The API, as one test sees it.
#[derive(Debug, Default)]
struct Api {
    object: Option<Value>,
    /// What it does next; see [`Choices`].
    choices: Vec<u16>,
    /// Whether it answers what it was asked for, and nothing else.
    is_faithful: bool,
    /// Whether the next change is begun, and then fails.
    fails: bool,
    /// How many changes there were, which is remembered beside the state.
    changes: u64,
}

fn lock(api: &Mutex<Api>) -> MutexGuard<'_, Api> {
    api.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The real provider, of which nothing is called but what plans need.
#[derive(Debug)]
struct Behind(Session<Provider>);

impl framework::Provider for Behind {
    fn schema() -> Schema {
        Provider::schema()
    }

    fn validate(config: &Value, diagnostics: &mut Diagnostics) {
        Provider::validate(config, diagnostics);
    }

    async fn configure(config: Value, diagnostics: &mut Diagnostics) -> Result<Self> {
        let provider = Arc::new(Provider::configure(config, diagnostics).await?);
        Ok(Self(Session { provider, cancel: CancellationToken::new() }))
    }
}

/// A type of the provider, with the API in memory for its own.
struct InMemory {
    real: Arc<Managed<Provider>>,
    api: Arc<Mutex<Api>>,
}

impl InMemory {
    fn api(&self) -> MutexGuard<'_, Api> {
        lock(&self.api)
    }

    /// What the API makes of a planned object.
    fn make(&self, planned: &Value, config: &Value) -> Result<Value> {
        let attributes = &self.real.schema().attributes;
        let ty = serde_json::to_vec(&self.real.schema().ty().to_json()).expect("JSON");
        let ty = Ty::read(&ty).expect("a type");
        let wanted = value::decode(&ty, &encode(Shape::Object(attributes), planned)?);
        let wanted = wanted.expect("the provider writes what core reads");
        let mut api = self.api();
        // Another answer every time.
        api.choices.rotate_left(40);
        let mut choices = Choices::new(&api.choices);
        let settled = generate::settled(attributes, &wanted, &mut choices);
        let mut made = settled.clone();
        if !api.is_faithful {
            made = generate::changed(attributes, &made, &mut choices, Taste::Valid);
        }
        let read = |value| decode(Shape::Object(attributes), &value::encode(&ty, &value));
        let (settled, mut made) = (read(settled)?, read(made)?);
        // An object stays the one that it is.
        for attr in attributes.iter().filter(|attr| attr.identity) {
            made.set(attr.name, settled.get(attr.name).clone());
        }
        // It does not keep to itself what it was told in secret. The state must.
        let made = with_write_only(attributes, made, config);
        api.object = Some(made.clone());
        Ok(made)
    }

    /// Whether what was remembered of the last change has come back.
    fn recall(&self, cx: &Operation) -> Result<()> {
        let (known, expected) = (cx.recall::<u64>("changes"), self.api().changes);
        if known == Some(expected) {
            return Ok(());
        }
        Err(Error::bug(format!("of {expected} changes, {known:?} are remembered")))
    }

    fn change(
        &self,
        cx: &Operation,
        planned: &Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        let made = self.make(planned, config)?;
        let mut api = self.api();
        api.changes += 1;
        cx.remember("changes", api.changes);
        drop(api);
        if std::mem::take(&mut self.api().fails) {
            // As the types do: what was planned, with whatever is still unknown or secret in it.
            let attributes = &self.real.schema().attributes;
            progress.save(with_write_only(attributes, planned.clone(), config));
            return Err(Error::failed("the second half does not fit"));
        }
        Ok(made)
    }
}

#[async_trait]
impl Lifecycle<Behind> for InMemory {
    fn name(&self) -> &'static str {
        self.real.name()
    }

    fn schema(&self) -> Schema {
        self.real.schema().clone()
    }

    fn timeouts(&self) -> DefaultTimeouts {
        DefaultTimeouts::minutes(1)
    }

    fn import_format(&self) -> ImportFormat {
        self.real.import_format()
    }

    fn validate(&self, config: &Value, diagnostics: &mut Diagnostics) {
        diagnostics.extend(self.real.validate(config));
    }

    fn generated(&self, config: &mut Value) {
        // What is generated already stays as it is, but for what the type itself takes out.
        *config = self.real.generate(config);
    }

    async fn plan(&self, cx: &Operation, change: &mut Change) -> Result<()> {
        let (prior, config) = (change.prior.clone(), Some(change.config.clone()));
        let session = &cx.provider().0;
        let plan = self.real.plan(session, prior, config, Private::default()).await;
        cx.tell(plan.diagnostics);
        change.planned = plan.planned.expect("it is no destroy");
        change.replace = plan.replace;
        Ok(())
    }

    async fn create(
        &self,
        cx: &Operation,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        assert!(self.api().object.is_none(), "one object at a time");
        self.change(cx, &planned, config, progress)
    }

    async fn read(&self, cx: &Operation, _: Value) -> Result<Option<Value>> {
        self.recall(cx)?;
        Ok(self.api().object.clone())
    }

    async fn update(
        &self,
        cx: &Operation,
        _: Value,
        planned: Value,
        config: &Value,
        progress: &mut Progress,
    ) -> Result<Value> {
        self.recall(cx)?;
        self.change(cx, &planned, config, progress)
    }

    async fn delete(&self, cx: &Operation, _: Value) -> Result<()> {
        self.recall(cx)?;
        let there = self.api().object.take();
        there.map(drop).ok_or_else(|| Error::not_found("no such object").at(Path::root()))
    }
}

type World = Core<Server<Behind>>;

async fn world(argo_cd: &str, api: &Arc<Mutex<Api>>) -> World {
    let real = registry();
    let types = real.resources().map(|real| InMemory { real: real.clone(), api: api.clone() });
    let registry = types.map(Managed::new).fold(Registry::new(), Registry::managed);
    let core = Core::start(Server::new(registry, CancellationToken::new())).await;
    // Nobody listens on port 1.
    assert_eq!(core.configure(&provider_block(argo_cd, 1)).await, Ok(vec![]));
    core
}

/// One life; false when a configuration of it is refused.
struct Life<'a> {
    core: &'a World,
    ty: &'a Type<'a>,
    api: &'a Mutex<Api>,
}

impl Life<'_> {
    /// Lets the next create or update fail half-way.
    fn fail_next(&self) {
        lock(self.api).fails = true;
    }

    /// Plans with parts unknown, and applies when they are known.
    async fn apply(
        &self,
        stored: Option<&Stored>,
        config: &Val,
        choices: &mut Choices<'_>,
    ) -> Result<Option<Stored>, String> {
        let unsure = self.ty.blurred(config, choices);
        let plan = self.core.plan(&self.ty.name, stored, &unsure).await;
        let Ok(plan) = outcome("plan", plan)? else { return Ok(None) };
        self.carry_out(&plan, config).await
    }

    async fn carry_out(&self, plan: &Plan, config: &Val) -> Result<Option<Stored>, String> {
        let fails = lock(self.api).fails;
        let applied = self.core.apply(&self.ty.name, plan, config).await;
        let Ok(applied) = outcome("apply", applied)? else { return Ok(None) };
        match applied.errors().as_slice() {
            [] => Ok(applied.state),
            [error] if fails && error.summary.contains(&self.ty.name) => match applied.state {
                None => Err("what was begun is lost".to_owned()),
                kept => Ok(kept),
            },
            errors => Err(format!("an apply failed: {errors:#?}")),
        }
    }

    async fn refresh(&self, stored: &Stored) -> Result<Stored, String> {
        let read = outcome("refresh", self.core.refresh(&self.ty.name, stored).await)?;
        let read = read.map_err(|said| format!("a refresh failed: {said:#?}"))?;
        read.ok_or_else(|| "the object is lost".to_owned())
    }

    async fn end(&self, stored: &Stored) -> Result<(), String> {
        let plan = outcome("end", self.core.plan_destroy(&self.ty.name, stored).await)?;
        let plan = plan.map_err(|said| format!("the end is refused: {said:#?}"))?;
        match self.carry_out(&plan, &Val::Null).await? {
            None => Ok(()),
            left => Err(format!("left after the end: {left:#?}")),
        }
    }
}

/// A configuration that is not refused, if a few tries come upon one: of types with many rules few
/// are kept by chance.
async fn valid(core: &World, ty: &Type<'_>, make: &mut dyn FnMut() -> Val) -> Val {
    let mut config = make();
    for _ in 0..3 {
        if core.validate(&ty.name, &config).await.is_ok() {
            break;
        }
        config = make();
    }
    config
}

/// Tries a story with objects of every type.
fn tell<F>(story: F)
where
    F: AsyncFn(&Life<'_>, &[Val; 2], &mut Choices<'_>) -> Result<bool, String>,
{
    let api = Arc::default();
    let runtime = Runtime::new().expect("a runtime");
    let cores =
        ["eks_capability", "self_managed"].map(|which| runtime.block_on(world(which, &api)));
    // A life is many plans.
    each(&cores[0], CASES / 2, |ty, choices| {
        let core = &cores[choices.below(2)];
        let valid = |make: &mut dyn FnMut() -> Val| runtime.block_on(valid(core, ty, make));
        let before = valid(&mut || ty.config(choices, Taste::Valid));
        let after = valid(&mut || ty.changed(&before, choices));
        let answers = (0..200).map(|_| u16::try_from(choices.below(1000)).unwrap_or(0)).collect();
        *lock(&api) = Api { choices: answers, ..Api::default() };
        let configs = [before, after];
        let held = runtime.block_on(story(&Life { core, ty, api: &api }, &configs, choices));
        held.map_err(|error| {
            let [before, after] = configs.each_ref().map(|config| shown(core, ty, config));
            format!("{error}\nbefore {before}\nafter {after}")
        })
    });
}

#[test]
fn whatever_an_api_answers_core_accepts() {
    tell(async |life, [before, after], choices| {
        let Some(made) = life.apply(None, before, choices).await? else { return Ok(false) };
        let read = life.refresh(&made).await?;
        let Some(changed) = life.apply(Some(&read), after, choices).await? else {
            return Ok(false);
        };
        let read = life.refresh(&changed).await?;
        life.end(&read).await.map(|()| true)
    });
}

#[test]
fn what_a_faithful_api_made_needs_no_change() {
    tell(async |life, [before, after], choices| {
        lock(life.api).is_faithful = true;
        let mut stored = None;
        for config in [before, after] {
            let Some(made) = life.apply(stored.as_ref(), config, choices).await? else {
                return Ok(false);
            };
            let read = life.refresh(&made).await?;
            if read != made {
                return Err(format!("drift: {:#?}\n{:#?}", made.value, read.value));
            }
            let again = life.core.plan(&life.ty.name, Some(&read), config).await;
            let again = outcome("again", again)?.map_err(|said| format!("{said:#?}"))?;
            if again.action != Action::NoOp {
                return Err(format!("after the apply the plan is to {:?}", again.action));
            }
            stored = Some(read);
        }
        Ok(true)
    });
}

#[test]
fn what_fails_half_way_is_kept_and_can_be_run_again() {
    tell(async |life, [before, after], choices| {
        life.fail_next();
        let Some(half) = life.apply(None, before, choices).await? else { return Ok(false) };
        if !half.tainted {
            return Err("a create that failed leaves nothing to replace".into());
        }
        let Some(whole) = life.apply(Some(&half), before, choices).await? else {
            return Ok(false);
        };
        life.fail_next();
        let Some(half) = life.apply(Some(&whole), after, choices).await? else {
            return Ok(false);
        };
        // A change that came to nothing was not sent, and did not fail.
        lock(life.api).fails = false;
        let read = life.refresh(&half).await?;
        let Some(whole) = life.apply(Some(&read), after, choices).await? else {
            return Ok(false);
        };
        life.end(&whole).await.map(|()| true)
    });
}

#[test]
fn a_generated_configuration_is_valid_and_needs_no_change() {
    tell(async |life, [before, _], choices| {
        lock(life.api).is_faithful = true;
        // Of what was given and is kept nowhere, nothing can be generated.
        if life.core.resource(&life.ty.name).block.has_write_only(before) {
            return Ok(false);
        }
        let Some(made) = life.apply(None, before, choices).await? else { return Ok(false) };
        let name = &life.ty.name;
        let config = outcome("generate", life.core.generate(name, &made).await)?;
        let config = config.map_err(|said| format!("nothing is generated: {said:#?}"))?;
        let generated = || shown(life.core, life.ty, &config);
        let plan = outcome("generated", life.core.plan(name, Some(&made), &config).await)?;
        let plan = plan.map_err(|said| format!("{said:#?}\ngenerated {}", generated()))?;
        match plan.action {
            Action::NoOp => Ok(true),
            other => Err(format!("the plan is to {other:?}\ngenerated {}", generated())),
        }
    });
}
