//! Cases for properties of every type: configurations, a provider to plan them, and what comes of it.

use std::env;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde_json::json;
use terraform_provider_gitops::framework::{Managed, PREFIX};
use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::resources::registry;
use terraform_provider_gitops::rpc::Server;
use tokio::runtime::Runtime;

use super::generate::{self, Choices, Taste};
use super::{examples, server};
use crate::support::core::value::to_json;
use crate::support::core::{Core, Failure, Said, Service, Stored, Val};

/// A provider whose every endpoint is a port that counts who calls.
pub(super) struct World {
    pub(super) runtime: Runtime,
    /// For the Argo CD of an EKS capability, and a self-managed one.
    pub(super) cores: [Core<Server<Provider>>; 2],
    pub(super) calls: Arc<AtomicUsize>,
}

impl World {
    pub(super) fn new() -> Self {
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

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

async fn configured(argo_cd: &str, port: u16) -> Core<Server<Provider>> {
    let core = Core::start(server()).await;
    assert_eq!(core.configure(&provider_block(argo_cd, port)).await, Ok(vec![]));
    core
}

/// The provider's configuration, with that port for everything that there is to call.
pub(super) fn provider_block(argo_cd: &str, port: u16) -> serde_json::Value {
    let endpoint = format!("http://127.0.0.1:{port}");
    json!({
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
    })
}

/// How many cases a property is tried with, unless `PROPTEST_CASES` says otherwise.
pub(super) const CASES: u32 = 200;

/// As many cases as asked for, the same ones in every run unless a seed is given.
pub(super) fn runner(cases: u32) -> TestRunner {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if matches!(config.rng_seed, RngSeed::Random) {
        config.rng_seed = RngSeed::Fixed(6);
    }
    TestRunner::new(config)
}

/// Runs a property for every type of resource in a world, with choices for it to make.
pub(super) fn for_every_type(
    property: impl Fn(&World, &Type<'_>, &mut Choices<'_>) -> Result<bool, String>,
) -> World {
    let world = World::new();
    each(&world.cores[0], CASES, |ty, choices| property(&world, ty, choices));
    world
}

/// Runs a property for every type of resource, with choices for it to make. It says whether a case
/// went all the way; an error fails it.
pub(super) fn each<S: Service>(
    core: &Core<S>,
    cases: u32,
    property: impl Fn(&Type<'_>, &mut Choices<'_>) -> Result<bool, String>,
) {
    for managed in registry().resources() {
        let (tried, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
        // How many it took to find the first that fails; what follows it is only made smaller.
        let found = OnceLock::new();
        let ty = Type::new(core, managed);
        let mut runner = runner(cases);
        let asked = runner.config().cases;
        let result = runner.run(&vec(any::<u16>(), 0..400), |choices| {
            let tried = tried.fetch_add(1, Ordering::Relaxed) + 1;
            let held_here = property(&ty, &mut Choices::new(&choices)).map_err(|error| {
                found.get_or_init(|| tried);
                TestCaseError::fail(error)
            });
            held.fetch_add(usize::from(held_here?), Ordering::Relaxed);
            Ok(())
        });
        if let Err(error) = result {
            panic!("{}: case {} of {asked}: {error}", ty.name, found.get().unwrap_or(&0));
        }
        let held = held.into_inner();
        eprintln!("{}: {held} of {asked} cases went all the way", ty.name);
        // A property of nothing would hold as well.
        assert!(held >= 10, "{}: only {held} cases went all the way", ty.name);
    }
}

/// A type of resource, and where configurations of it start from.
pub(super) struct Type<'a> {
    pub(super) managed: &'a Managed<Provider>,
    pub(super) name: String,
    /// What the examples show, to start from.
    pub(super) examples: Vec<Val>,
}

impl<'a> Type<'a> {
    pub(super) fn new<S: Service>(core: &Core<S>, managed: &'a Managed<Provider>) -> Self {
        let name = format!("{PREFIX}_{}", managed.name());
        let examples = examples::of(&name).iter().map(|json| core.config(&name, json)).collect();
        Self { managed, name, examples }
    }

    /// A configuration from nothing, or from an example: rules across
    /// attributes are hardly ever kept by chance.
    pub(super) fn config(&self, choices: &mut Choices<'_>, taste: Taste) -> Val {
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

    pub(super) fn changed(&self, config: &Val, choices: &mut Choices<'_>) -> Val {
        generate::changed(&self.managed.schema().attributes, config, choices, Taste::Valid)
    }

    pub(super) fn blurred(&self, config: &Val, choices: &mut Choices<'_>) -> Val {
        generate::blurred(&self.managed.schema().attributes, config, choices)
    }

    /// The object of a planned create, with everything computed.
    pub(super) fn stored<S: Service>(
        &self,
        core: &Core<S>,
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
pub(super) fn outcome<T>(
    step: &str,
    result: Result<T, Failure>,
) -> Result<Result<T, Vec<Said>>, String> {
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

/// A known configuration, short enough to read: without its nulls.
pub(super) fn shown<S: Service>(core: &Core<S>, ty: &Type<'_>, config: &Val) -> String {
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
