//! The protocol and the framework together: a provider of things in memory,
//! driven by a core that asserts what the CLIs assert.

mod actions;
mod failures;
mod functions;
mod life;
mod reads;
mod refusals;

use std::sync::Arc;

use serde_json::Value as Json;
use terraform_provider_gitops::rpc::Server;

use crate::support::core::{Core, Failure, Plan, Said, Stored, Val};
use crate::support::fake::{self, Backend, Fake};

/// A core with a configured provider, and the API behind it.
async fn world(name: &str) -> (Core<Server<Fake>>, Arc<Backend>) {
    let core = Core::start(fake::server()).await;
    let said = core.configure(&serde_json::json!({"backend": name})).await;
    assert_eq!(said, Ok(vec![]));
    (core, Backend::named(name))
}

/// The one error of a failed step.
#[track_caller]
fn only<T: std::fmt::Debug>(result: Result<T, Failure>) -> Said {
    let said = result.unwrap_err().said();
    let [said] = said.as_slice() else { panic!("more than one: {said:#?}") };
    said.clone()
}

const THING: &str = "gitops_thing";

/// Plans and applies a configuration of a thing.
async fn apply(core: &Core<Server<Fake>>, stored: Option<&Stored>, config: &Json) -> Stored {
    let config = core.config(THING, config);
    let plan = plan(core, stored, &config).await;
    core.apply(THING, &plan, &config).await.expect("no rule is broken").stored()
}

async fn plan(core: &Core<Server<Fake>>, stored: Option<&Stored>, config: &Val) -> Plan {
    core.plan(THING, stored, config).await.expect("a plan")
}
