//! A provider with the same types that does nothing: what is planned is what is there. What
//! OpenTofu takes with it is what the schema costs, whoever is behind it.

use std::process::ExitCode;
use std::sync::Arc;

use terraform_provider_gitops::framework::{
    self, DefaultTimeouts, Diagnostics, ImportFormat, Lifecycle, Managed, Progress, Registry,
    Result, Schema, Value,
};
use terraform_provider_gitops::provider::Provider;
use terraform_provider_gitops::{plugin, resources, rpc};

const OPTIONS: plugin::Options = plugin::Options {
    provider_address: "eks-gitops/idle",
    version: env!("CARGO_PKG_VERSION"),
    documentation: env!("CARGO_PKG_REPOSITORY"),
};

type Operation = framework::Operation<Nothing>;

/// Takes every setting, and has none.
#[derive(Debug)]
struct Nothing;

impl framework::Provider for Nothing {
    fn schema() -> Schema {
        Provider::schema()
    }

    fn validate(_: &Value, _: &mut Diagnostics) {}

    async fn configure(_: Value, _: &mut Diagnostics) -> Result<Self> {
        Ok(Self)
    }
}

/// A type that keeps its objects in the state, and nowhere else.
struct Idle(Arc<Managed<Provider>>);

#[async_trait::async_trait]
impl Lifecycle<Nothing> for Idle {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn schema(&self) -> Schema {
        self.0.schema().clone()
    }

    fn timeouts(&self) -> DefaultTimeouts {
        DefaultTimeouts::minutes(1)
    }

    fn import_format(&self) -> ImportFormat {
        self.0.import_format()
    }

    async fn create(
        &self,
        _: &Operation,
        planned: Value,
        _: &Value,
        _: &mut Progress,
    ) -> Result<Value> {
        Ok(planned.without_unknowns())
    }

    async fn read(&self, _: &Operation, state: Value) -> Result<Option<Value>> {
        Ok(Some(state))
    }

    async fn update(
        &self,
        _: &Operation,
        _: Value,
        planned: Value,
        _: &Value,
        _: &mut Progress,
    ) -> Result<Value> {
        Ok(planned.without_unknowns())
    }

    async fn delete(&self, _: &Operation, _: Value) -> Result<()> {
        Ok(())
    }
}

fn main() -> ExitCode {
    let real = resources::registry();
    let idle = real.resources().map(|real| Managed::new(Idle(real.clone())));
    let registry = idle.fold(Registry::new(), Registry::managed);
    plugin::run(OPTIONS, |cancel| rpc::server(registry, cancel))
}
