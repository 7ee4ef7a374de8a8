//! Plans of every type, for thousands of configurations: the core asserts its
//! rules of every one, and no API is called for any.
//!
//! `PROPTEST_CASES` sets how many configurations each type is tried with,
//! `PROPTEST_RNG_SEED` which ones.

use std::env;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde_json::json;
use terraform_provider_gitops::framework::{Managed, PREFIX, Provider as _};
use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::Server;
use tokio::runtime::Runtime;

use super::generate::{self, Choices, Taste};
use super::{examples, server};
use crate::support::core::value::to_json;
use crate::support::core::{Action, Core, Failure, Said, Stored, Val, compatible};

/// A provider whose every endpoint is a port that counts who calls.
struct World {
    runtime: Runtime,
    /// For the Argo CD of an EKS capability, and a self-managed one.
    cores: [Core<Server<Provider>>; 2],
    calls: Arc<AtomicUsize>,
}

impl World {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        std::thread::spawn(move || {
            for _ in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        let runtime = Runtime::new().expect("a runtime");
        let cores = runtime.block_on(async {
            [configured("eks_capability", port).await, configured("self_managed", port).await]
        });
        Self { runtime, cores, calls }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

async fn configured(argo_cd: &str, port: u16) -> Core<Server<Provider>> {
    let core = Core::start(server()).await;
    let endpoint = format!("http://127.0.0.1:{port}");
    let config = json!({
        "argo_cd": argo_cd,
        "region": "eu-west-1",
        "access_key": "AKIAIOSFODNN7EXAMPLE",
        "secret_key": "not a key",
        // Checked before the first call, which a plan does not make.
        "allowed_account_ids": ["111122223333"],
        "endpoints": {"eks": endpoint, "iam": endpoint, "sts": endpoint},
        "http_proxy": endpoint,
        "https_proxy": endpoint,
        "max_retries": 1,
        "default_tags": {"tags": {"team": "platform"}},
        "cluster": {"host": format!("https://127.0.0.1:{port}"), "token": "none"},
    });
    assert_eq!(core.configure(&config).await, Ok(vec![]));
    core
}

/// As many cases as asked for, the same ones in every run unless a seed is given.
fn runner() -> TestRunner {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 300;
    }
    if matches!(config.rng_seed, RngSeed::Random) {
        config.rng_seed = RngSeed::Fixed(6);
    }
    TestRunner::new(config)
}

/// Runs a property for every type of resource, with choices for it to make.
fn for_every_type(
    property: impl Fn(&World, &Type<'_>, &mut Choices<'_>) -> Result<bool, String>,
) -> World {
    let world = World::new();
    for managed in registry().resources() {
        let held = AtomicUsize::new(0);
        let ty = Type::new(&world.cores[0], managed);
        let result = runner().run(&vec(any::<u16>(), 0..400), |choices| {
            let held_here = property(&world, &ty, &mut Choices::new(&choices));
            held.fetch_add(usize::from(held_here.map_err(TestCaseError::fail)?), Ordering::Relaxed);
            Ok(())
        });
        if let Err(error) = result {
            panic!("{}: {error}", ty.name);
        }
        let held = held.into_inner();
        eprintln!("{}: {held} cases went all the way", ty.name);
        // A property of nothing would hold as well.
        assert!(held >= 10, "{}: only {held} cases went all the way", ty.name);
    }
    world
}

struct Type<'a> {
    managed: &'a Managed<Provider>,
    name: String,
    /// What the examples show, to start from.
    examples: Vec<Val>,
}

impl<'a> Type<'a> {
    fn new(core: &Core<Server<Provider>>, managed: &'a Managed<Provider>) -> Self {
        let name = format!("{PREFIX}_{}", managed.name());
        let examples = examples::of(&name).iter().map(|json| core.config(&name, json)).collect();
        Self { managed, name, examples }
    }

    /// A configuration from nothing, or from an example: rules across
    /// attributes are hardly ever kept by chance.
    fn config(&self, choices: &mut Choices<'_>, taste: Taste) -> Val {
        let attributes = &self.managed.schema().attributes;
        let Some(example) = self.examples.get(choices.below(self.examples.len() + 1)) else {
            return generate::config(attributes, choices, taste);
        };
        let mut config = generate::settled(attributes, example, choices);
        for _ in 0..choices.below(4) {
            config = generate::changed(attributes, &config, choices, taste);
        }
        config
    }

    fn changed(&self, config: &Val, choices: &mut Choices<'_>) -> Val {
        generate::changed(&self.managed.schema().attributes, config, choices, Taste::Valid)
    }

    fn blurred(&self, config: &Val, choices: &mut Choices<'_>) -> Val {
        generate::blurred(&self.managed.schema().attributes, config, choices)
    }

    /// The object of a planned create, with everything computed.
    fn stored(
        &self,
        core: &Core<Server<Provider>>,
        planned: &Val,
        choices: &mut Choices<'_>,
    ) -> Stored {
        let resource = core.resource(&self.name);
        let state = generate::settled(&self.managed.schema().attributes, planned, choices);
        let identity = resource.identity.as_ref().expect("every type has an identity");
        let parts = identity.attributes.keys();
        let identity = parts.map(|name| (name.clone(), json!(state.get(name).as_str()))).collect();
        Stored {
            version: resource.version,
            value: to_json(&resource.ty, &state),
            private: Vec::new(),
            identity: Some(serde_json::Value::Object(identity)),
            tainted: false,
        }
    }
}

/// What a step came to; a broken rule and a bug of the provider fail the case.
fn outcome<T>(step: &str, result: Result<T, Failure>) -> Result<Result<T, Vec<Said>>, String> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Failure::Broke(rules)) => Err(format!("{step}: {rules:#?}")),
        Err(Failure::Said(said)) => {
            let is_bug = |said: &Said| {
                said.detail.contains("bug in the provider") || said.summary.contains("panicked")
            };
            if said.iter().any(is_bug) { Err(format!("{step}: {said:#?}")) } else { Ok(Err(said)) }
        }
    }
}

#[test]
fn no_configuration_makes_a_check_panic() {
    for_every_type(|world, ty, choices| {
        let core = &world.cores[choices.below(2)];
        let config = ty.config(choices, Taste::Nasty);
        let config = if choices.once_in(2) { ty.blurred(&config, choices) } else { config };
        let show = || format!("config {}", shown(core, ty, &config));
        let validated =
            outcome("validate", world.runtime.block_on(core.validate(&ty.name, &config)));
        validated.map_err(|error| format!("{error}\n{}", show()))?.ok();
        // A plan is made of what validates only; a check of it survives the rest too.
        let plan = world.runtime.block_on(core.plan(&ty.name, None, &config));
        outcome("plan", plan).map_err(|error| format!("{error}\n{}", show()))?.ok();
        Ok(true)
    });
}

#[test]
fn what_is_unknown_breaks_no_rule_that_known_values_keep() {
    for_every_type(|world, ty, choices| {
        let core = &world.cores[choices.below(2)];
        let config = ty.config(choices, Taste::Valid);
        let plan = world.runtime.block_on(core.plan(&ty.name, None, &config));
        if outcome("plan", plan)?.is_err() {
            return Ok(false);
        }
        let blurred = ty.blurred(&config, choices);
        let plan = world.runtime.block_on(core.plan(&ty.name, None, &blurred));
        let context = || format!("config {}\nblurred {blurred:#?}", shown(core, ty, &config));
        match outcome("plan", plan).map_err(|error| format!("{error}\n{}", context()))? {
            Ok(_) => Ok(true),
            Err(said) => Err(format!("{said:#?}\n{}", context())),
        }
    });
}

#[test]
fn a_create_is_planned_by_the_rules_and_then_settled() {
    let world = for_every_type(|world, ty, choices| {
        let core = &world.cores[choices.below(2)];
        let known = ty.config(choices, Taste::Valid);
        let unsure = ty.blurred(&known, choices);
        let result = world.runtime.block_on(async {
            let Ok(first) = outcome("plan", core.plan(&ty.name, None, &unsure).await)? else {
                return Ok(false);
            };
            let Ok(last) = outcome("final plan", core.plan(&ty.name, None, &known).await)? else {
                return Ok(false);
            };
            // What was promised with parts unknown holds when they are known.
            let block = &core.resource(&ty.name).block;
            let broken = compatible::violations(block, &first.planned, &last.planned);
            if !broken.is_empty() {
                return Err(format!("inconsistent final plan: {broken:#?}"));
            }
            let stored = ty.stored(core, &last.planned, choices);
            let again = core.plan(&ty.name, Some(&stored), &known).await;
            match outcome("plan after the apply", again)? {
                Ok(again) if again.action == Action::NoOp => Ok(true),
                Ok(again) => Err(format!(
                    "after the apply the plan is to {:?}: {:#?}",
                    again.action,
                    differences(&again.prior, &again.planned)
                )),
                Err(said) => Err(format!("what was made cannot be planned again: {said:#?}")),
            }
        });
        result.map_err(|error| {
            format!("{error}\nconfig {}\nunsure {unsure:?}", shown(core, ty, &known))
        })
    });
    assert_eq!(world.calls(), 0, "a plan called an API");
}

#[test]
fn an_update_is_planned_by_the_rules() {
    let world = for_every_type(|world, ty, choices| {
        let core = &world.cores[choices.below(2)];
        let before = ty.config(choices, Taste::Valid);
        let after = ty.changed(&before, choices);
        let unsure = ty.blurred(&after, choices);
        let result = world.runtime.block_on(async {
            let Ok(created) = outcome("create", core.plan(&ty.name, None, &before).await)? else {
                return Ok(false);
            };
            let stored = ty.stored(core, &created.planned, choices);
            let first = core.plan(&ty.name, Some(&stored), &unsure).await;
            let Ok(first) = outcome("plan", first)? else { return Ok(false) };
            let stored = (first.action != Action::Replace).then_some(&stored);
            let last = core.plan(&ty.name, stored, &after).await;
            let Ok(last) = outcome("final plan", last)? else { return Ok(false) };
            let agreed = match (first.action, last.action) {
                (Action::Update, Action::NoOp) | (Action::Replace, Action::Create) => true,
                (first, last) => first == last,
            };
            if !agreed {
                return Err(format!(
                    "inconsistent final plan: first to {:?} and then to {:?} {:?}",
                    first.action, last.action, last.replace
                ));
            }
            let block = &core.resource(&ty.name).block;
            let broken = compatible::violations(block, &first.planned, &last.planned);
            if broken.is_empty() {
                Ok(true)
            } else {
                Err(format!("inconsistent final plan: {broken:#?}"))
            }
        });
        result.map_err(|error| {
            let [before, after] = [&before, &after].map(|config| shown(core, ty, config));
            format!("{error}\nbefore {before}\nafter {after}\nunsure {unsure:?}")
        })
    });
    assert_eq!(world.calls(), 0, "a plan called an API");
}

/// That the port of the other tests does count.
#[test]
fn a_refresh_does_call_an_api() {
    let world = World::new();
    for (name, config) in [
        (
            "gitops_eks_access_entry",
            json!({"cluster_name": "main", "principal_arn": "arn:aws:iam::111122223333:role/a", "timeouts": {"read": "2s"}}),
        ),
        ("gitops_kargo_project", json!({"name": "shop", "timeouts": {"read": "2s"}})),
    ] {
        let before = world.calls();
        let managed = registry();
        let managed = managed.get(name).expect("the type is served");
        let core = &world.cores[0];
        let ty = Type::new(core, managed);
        let config = core.config(name, &config);
        world.runtime.block_on(async {
            let plan = core.plan(name, None, &config).await.expect("a plan");
            let stored = ty.stored(core, &plan.planned, &mut Choices::new(&[]));
            core.refresh(name, &stored).await.unwrap_err().said();
        });
        assert!(world.calls() > before, "{name}");
    }
}

/// The provider block, known and unknown: no check panics, and what validates
/// configures.
#[test]
fn the_provider_block_is_checked_and_taken_whatever_is_in_it() {
    let runtime = Runtime::new().expect("a runtime");
    let core = runtime.block_on(super::core());
    let schema = Provider::schema();
    let configured = AtomicUsize::new(0);
    let result = runner().run(&vec(any::<u16>(), 0..200), |choices| {
        let mut choices = Choices::new(&choices);
        let taste = if choices.once_in(3) { Taste::Nasty } else { Taste::Valid };
        let known = generate::config(&schema.attributes, &mut choices, taste);
        let unsure = generate::blurred(&schema.attributes, &known, &mut choices);
        let [known_ok, unsure_ok] = [&known, &unsure]
            .map(|config| outcome("configure", runtime.block_on(core.configure_with(config))));
        let context =
            |error: String| TestCaseError::fail(format!("{error}\n{known:?}\n{unsure:?}"));
        let known_ok = known_ok.map_err(context)?;
        let unsure_ok = unsure_ok.map_err(context)?;
        if let (Ok(_), Err(said)) = (&known_ok, &unsure_ok) {
            return Err(context(format!("unknown values are refused: {said:#?}")));
        }
        configured.fetch_add(usize::from(known_ok.is_ok()), Ordering::Relaxed);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let configured = configured.into_inner();
    eprintln!("{configured} configurations were taken");
    assert!(configured >= 50, "only {configured} configurations were taken");
}

/// A known configuration, short enough to read: without its nulls.
fn shown(core: &Core<Server<Provider>>, ty: &Type<'_>, config: &Val) -> String {
    if !config.is_wholly_known() {
        return format!("{config:?}");
    }
    let ty = &core.resource(&ty.name).ty;
    without_nulls(to_json(ty, config)).unwrap_or_default().to_string()
}

/// The same without its nulls.
fn without_nulls(json: serde_json::Value) -> Option<serde_json::Value> {
    match json {
        serde_json::Value::Null => None,
        serde_json::Value::Object(fields) => Some(
            fields
                .into_iter()
                .filter_map(|(key, value)| Some((key, without_nulls(value)?)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        ),
        other => Some(other),
    }
}

/// The attributes of an object in which two values differ.
fn differences<'a>(a: &'a Val, b: &'a Val) -> Vec<(&'a String, &'a Val, &'a Val)> {
    a.entries().map(|(name, value)| (name, value, b.get(name))).filter(|(_, a, b)| a != b).collect()
}
