//! The service that core calls.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

use super::diagnostics::located;
use super::proto::provider_server::Provider as Service;
use super::{action, data_source, ephemeral, function, guard, list, proto, resource, schema, wire};
use crate::framework::schema::Schema;
use crate::framework::{Diagnostics, Error, Provider, Registry, Result, Session};

/// Serves the types of a registry to core.
pub struct Server<P> {
    registry: Arc<Registry<P>>,
    provider_schema: Schema,
    provider: RwLock<Option<Arc<P>>>,
    cancel: CancellationToken,
}

impl<P: Provider> Server<P> {
    /// A server that is not configured yet; cancelling `cancel` ends what runs.
    pub fn new(registry: Registry<P>, cancel: CancellationToken) -> Self {
        let registry = Arc::new(registry);
        Self { registry, provider_schema: P::schema(), provider: RwLock::default(), cancel }
    }

    fn session(&self) -> Result<Session<P>> {
        let provider = self.provider.read().unwrap_or_else(PoisonError::into_inner).clone();
        let provider = provider.ok_or_else(|| Error::bug("the provider is not configured"))?;
        Ok(Session { provider, cancel: self.cancel.clone() })
    }

    fn provider_schema(&self) -> proto::get_provider_schema::Response {
        let resources = self.registry.served();
        proto::get_provider_schema::Response {
            provider: Some(schema::schema(&self.provider_schema)),
            resource_schemas: resources
                .map(|(name, managed)| (name.to_owned(), schema::schema(managed.schema())))
                .collect(),
            data_source_schemas: self
                .registry
                .data_sources()
                .map(|(name, source)| (name.to_owned(), schema::schema(source.schema())))
                .collect(),
            ephemeral_resource_schemas: self
                .registry
                .ephemerals()
                .map(|(name, lessor)| (name.to_owned(), schema::schema(lessor.schema())))
                .collect(),
            functions: function::definitions(&self.registry),
            list_resource_schemas: self
                .registry
                .lists()
                .map(|(name, listing)| (name.to_owned(), schema::schema(listing.schema())))
                .collect(),
            action_schemas: self
                .registry
                .actions()
                .map(|(name, performer)| (name.to_owned(), schema::action(performer.schema())))
                .collect(),
            server_capabilities: Some(capabilities()),
            ..Default::default()
        }
    }

    fn validate_provider(&self, config: Option<&proto::DynamicValue>) -> Result<Diagnostics> {
        let config = wire::read(&self.provider_schema, config)?;
        let mut diagnostics = Diagnostics::default();
        P::validate(&config, &mut diagnostics);
        Ok(located(&self.provider_schema.attributes, diagnostics))
    }

    async fn configure(&self, config: Option<&proto::DynamicValue>) -> Result<Diagnostics> {
        let config = wire::read(&self.provider_schema, config)?;
        let mut diagnostics = Diagnostics::default();
        let provider = P::configure(config, &mut diagnostics).await?;
        let mut slot = self.provider.write().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(Arc::new(provider));
        Ok(located(&self.provider_schema.attributes, diagnostics))
    }
}

/// What the server can do beyond the first version of the protocol.
fn capabilities() -> proto::ServerCapabilities {
    proto::ServerCapabilities {
        // Destroys are planned by us too, so that they can be warned about.
        plan_destroy: true,
        // Every call finds the schema by itself.
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    }
}

// What is left out answers `Unimplemented`, which core understands.
#[tonic::async_trait]
impl<P: Provider> Service for Server<P> {
    async fn get_metadata(
        &self,
        _: Request<proto::get_metadata::Request>,
    ) -> Result<Response<proto::get_metadata::Response>, Status> {
        let resources = self.registry.served();
        Ok(Response::new(proto::get_metadata::Response {
            server_capabilities: Some(capabilities()),
            resources: resources
                .map(|(name, _)| proto::get_metadata::ResourceMetadata {
                    type_name: name.to_owned(),
                })
                .collect(),
            data_sources: self
                .registry
                .data_sources()
                .map(|(name, _)| proto::get_metadata::DataSourceMetadata {
                    type_name: name.to_owned(),
                })
                .collect(),
            ephemeral_resources: self
                .registry
                .ephemerals()
                .map(|(name, _)| proto::get_metadata::EphemeralMetadata {
                    type_name: name.to_owned(),
                })
                .collect(),
            functions: self
                .registry
                .functions()
                .map(|function| proto::get_metadata::FunctionMetadata {
                    name: function.name.to_owned(),
                })
                .collect(),
            list_resources: self
                .registry
                .lists()
                .map(|(name, _)| proto::get_metadata::ListResourceMetadata {
                    type_name: name.to_owned(),
                })
                .collect(),
            actions: self
                .registry
                .actions()
                .map(|(name, _)| proto::get_metadata::ActionMetadata { type_name: name.to_owned() })
                .collect(),
            ..Default::default()
        }))
    }

    async fn get_provider_schema(
        &self,
        _: Request<proto::get_provider_schema::Request>,
    ) -> Result<Response<proto::get_provider_schema::Response>, Status> {
        guard::answer("GetProviderSchema", "", async { Ok(self.provider_schema()) }).await
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<proto::get_resource_identity_schemas::Request>,
    ) -> Result<Response<proto::get_resource_identity_schemas::Response>, Status> {
        guard::answer("GetResourceIdentitySchemas", "", async {
            let identity_schemas = self
                .registry
                .served()
                .map(|(name, managed)| (name.to_owned(), schema::identity(&managed.identity())))
                .collect();
            Ok(proto::get_resource_identity_schemas::Response {
                identity_schemas,
                diagnostics: Vec::new(),
            })
        })
        .await
    }

    async fn validate_provider_config(
        &self,
        request: Request<proto::validate_provider_config::Request>,
    ) -> Result<Response<proto::validate_provider_config::Response>, Status> {
        let request = request.into_inner();
        guard::tell("ValidateProviderConfig", "", async {
            self.validate_provider(request.config.as_ref())
        })
        .await
    }

    async fn configure_provider(
        &self,
        request: Request<proto::configure_provider::Request>,
    ) -> Result<Response<proto::configure_provider::Response>, Status> {
        let request = request.into_inner();
        guard::tell("ConfigureProvider", "", self.configure(request.config.as_ref())).await
    }

    async fn stop_provider(
        &self,
        _: Request<proto::stop_provider::Request>,
    ) -> Result<Response<proto::stop_provider::Response>, Status> {
        // What runs ends by itself, soon, and keeps what it has reached.
        self.cancel.cancel();
        Ok(Response::new(proto::stop_provider::Response::default()))
    }

    async fn validate_resource_config(
        &self,
        request: Request<proto::validate_resource_config::Request>,
    ) -> Result<Response<proto::validate_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::tell("ValidateResourceConfig", &name, async {
            resource::validate(&*self.registry, &request)
        })
        .await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<proto::upgrade_resource_state::Request>,
    ) -> Result<Response<proto::upgrade_resource_state::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::answer("UpgradeResourceState", &name, async {
            resource::upgrade(&*self.registry, &request)
        })
        .await
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<proto::upgrade_resource_identity::Request>,
    ) -> Result<Response<proto::upgrade_resource_identity::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::answer("UpgradeResourceIdentity", &name, async {
            resource::upgrade_identity(&*self.registry, &request)
        })
        .await
    }

    async fn read_resource(
        &self,
        request: Request<proto::read_resource::Request>,
    ) -> Result<Response<proto::read_resource::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::answer("ReadResource", &name, async {
            resource::read(&*self.registry, &self.session()?, request).await
        })
        .await
    }

    async fn plan_resource_change(
        &self,
        request: Request<proto::plan_resource_change::Request>,
    ) -> Result<Response<proto::plan_resource_change::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::answer("PlanResourceChange", &name, async {
            resource::plan(&*self.registry, &self.session()?, request).await
        })
        .await
    }

    async fn apply_resource_change(
        &self,
        request: Request<proto::apply_resource_change::Request>,
    ) -> Result<Response<proto::apply_resource_change::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::answer("ApplyResourceChange", &name, async {
            resource::apply(&*self.registry, &self.session()?, request).await
        })
        .await
    }

    async fn import_resource_state(
        &self,
        request: Request<proto::import_resource_state::Request>,
    ) -> Result<Response<proto::import_resource_state::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::answer("ImportResourceState", &name, async {
            resource::import(&*self.registry, &self.session()?, request).await
        })
        .await
    }

    async fn generate_resource_config(
        &self,
        request: Request<proto::generate_resource_config::Request>,
    ) -> Result<Response<proto::generate_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::answer("GenerateResourceConfig", &name, async {
            resource::generate(&*self.registry, &request)
        })
        .await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<proto::validate_data_resource_config::Request>,
    ) -> Result<Response<proto::validate_data_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::tell("ValidateDataResourceConfig", &name, async {
            data_source::validate(&self.registry, &request)
        })
        .await
    }

    async fn read_data_source(
        &self,
        request: Request<proto::read_data_source::Request>,
    ) -> Result<Response<proto::read_data_source::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::answer("ReadDataSource", &name, async {
            data_source::read(&self.registry, &self.session()?, request).await
        })
        .await
    }

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<proto::validate_ephemeral_resource_config::Request>,
    ) -> Result<Response<proto::validate_ephemeral_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::tell("ValidateEphemeralResourceConfig", &name, async {
            ephemeral::validate(&self.registry, &request)
        })
        .await
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<proto::open_ephemeral_resource::Request>,
    ) -> Result<Response<proto::open_ephemeral_resource::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::answer("OpenEphemeralResource", &name, async {
            ephemeral::open(&self.registry, &self.session()?, request).await
        })
        .await
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<proto::renew_ephemeral_resource::Request>,
    ) -> Result<Response<proto::renew_ephemeral_resource::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::answer("RenewEphemeralResource", &name, async {
            ephemeral::renew(&self.registry, &self.session()?, request).await
        })
        .await
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<proto::close_ephemeral_resource::Request>,
    ) -> Result<Response<proto::close_ephemeral_resource::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::tell("CloseEphemeralResource", &name, async {
            ephemeral::close(&self.registry, &self.session()?, request).await
        })
        .await
    }

    async fn get_functions(
        &self,
        _: Request<proto::get_functions::Request>,
    ) -> Result<Response<proto::get_functions::Response>, Status> {
        guard::answer("GetFunctions", "", async {
            let functions = function::definitions(&self.registry);
            Ok(proto::get_functions::Response { functions, diagnostics: Vec::new() })
        })
        .await
    }

    async fn call_function(
        &self,
        request: Request<proto::call_function::Request>,
    ) -> Result<Response<proto::call_function::Response>, Status> {
        let request = request.into_inner();
        let name = request.name.clone();
        guard::answer("CallFunction", &name, async { function::call(&self.registry, &request) })
            .await
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<proto::validate_list_resource_config::Request>,
    ) -> Result<Response<proto::validate_list_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::tell("ValidateListResourceConfig", &name, async {
            list::validate(&*self.registry, &request)
        })
        .await
    }

    async fn list_resource(
        &self,
        request: Request<proto::list_resource::Request>,
    ) -> Result<Response<BoxStream<proto::list_resource::Event>>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let work = || list::list(&self.registry, self.session()?, &request);
        Ok(guard::start("ListResource", &name, work, |diagnostic| proto::list_resource::Event {
            diagnostic,
            ..Default::default()
        }))
    }

    async fn validate_action_config(
        &self,
        request: Request<proto::validate_action_config::Request>,
    ) -> Result<Response<proto::validate_action_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        guard::tell("ValidateActionConfig", &name, async {
            action::validate(&self.registry, &request)
        })
        .await
    }

    async fn plan_action(
        &self,
        request: Request<proto::plan_action::Request>,
    ) -> Result<Response<proto::plan_action::Response>, Status> {
        let request = request.into_inner();
        let name = request.action_type.clone();
        guard::tell("PlanAction", &name, async {
            action::plan(&self.registry, &self.session()?, &request)
        })
        .await
    }

    async fn invoke_action(
        &self,
        request: Request<proto::invoke_action::Request>,
    ) -> Result<Response<BoxStream<proto::invoke_action::Event>>, Status> {
        let request = request.into_inner();
        let name = request.action_type.clone();
        let work = || action::invoke(&self.registry, self.session()?, &request);
        Ok(guard::start("InvokeAction", &name, work, action::completed))
    }

    async fn move_resource_state(
        &self,
        request: Request<proto::move_resource_state::Request>,
    ) -> Result<Response<proto::move_resource_state::Response>, Status> {
        let request = request.into_inner();
        let name = request.target_type_name.clone();
        guard::answer("MoveResourceState", &name, async {
            resource::relocate(&*self.registry, &request)
        })
        .await
    }
}

impl<P> fmt::Debug for Server<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
