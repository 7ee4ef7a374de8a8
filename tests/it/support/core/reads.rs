//! What core does with data sources and ephemeral resources.

use std::time::SystemTime;

use serde_json::Value as Json;
use terraform_provider_gitops::rpc::proto;
use tonic::Request;

use super::value::to_json;
use super::{
    Core, Failure, ResourceType, Result, Said, Service, Val, answered, broke, heard, plan_valid,
};

/// An ephemeral resource that is open.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    pub(crate) result: Json,
    /// When core will renew it.
    pub(crate) renew_at: Option<SystemTime>,
    pub(crate) said: Vec<Said>,
    type_name: String,
    private: Option<Vec<u8>>,
}

impl<S: Service> Core<S> {
    fn data_source(&self, type_name: &str) -> &ResourceType {
        self.data_sources.get(type_name).unwrap_or_else(|| panic!("no data source {type_name}"))
    }

    fn ephemeral(&self, type_name: &str) -> &ResourceType {
        let found = self.ephemerals.get(type_name);
        found.unwrap_or_else(|| panic!("no ephemeral resource {type_name}"))
    }

    /// Checks the configuration of a data source, in which something may be unknown.
    pub(crate) async fn validate_data(&self, name: &str, config: &Json) -> Result<Vec<Said>> {
        let source = self.data_source(name);
        let request = proto::validate_data_resource_config::Request {
            type_name: name.to_owned(),
            config: Some(source.write(&source.block.literal(config))),
        };
        let answer = self.service.validate_data_resource_config(Request::new(request)).await;
        heard(&source.block, answered(answer)?.diagnostics)
    }

    /// Reads a data source.
    pub(crate) async fn read_data(&self, name: &str, config: &Json) -> Result<Json> {
        self.validate_data(name, config).await?;
        let source = self.data_source(name);
        let config = source.block.literal(config);
        assert!(config.is_wholly_known(), "core reads nothing by what it does not know");
        let request = proto::read_data_source::Request {
            type_name: name.to_owned(),
            config: Some(source.write(&config)),
            client_capabilities: Some(self.capabilities()),
            ..Default::default()
        };
        let answer = answered(self.service.read_data_source(Request::new(request)).await)?;
        heard(&source.block, answer.diagnostics)?;
        if answer.deferred.is_some() {
            return broke("it was deferred, which nobody allowed");
        }
        let state = source.read(answer.state.as_ref(), name)?;
        result(source, &config, &state)
    }

    /// Checks the configuration of an ephemeral resource.
    pub(crate) async fn validate_ephemeral(&self, name: &str, config: &Json) -> Result<Vec<Said>> {
        let ephemeral = self.ephemeral(name);
        let request = proto::validate_ephemeral_resource_config::Request {
            type_name: name.to_owned(),
            config: Some(ephemeral.write(&ephemeral.block.literal(config))),
        };
        let answer = self.service.validate_ephemeral_resource_config(Request::new(request)).await;
        heard(&ephemeral.block, answered(answer)?.diagnostics)
    }

    /// Opens an ephemeral resource.
    pub(crate) async fn open(&self, name: &str, config: &Json) -> Result<Lease> {
        self.validate_ephemeral(name, config).await?;
        let ephemeral = self.ephemeral(name);
        let config = ephemeral.block.literal(config);
        let request = proto::open_ephemeral_resource::Request {
            type_name: name.to_owned(),
            config: Some(ephemeral.write(&config)),
            client_capabilities: None,
        };
        let answer = answered(self.service.open_ephemeral_resource(Request::new(request)).await)?;
        let said = heard(&ephemeral.block, answer.diagnostics)?;
        let opened = ephemeral.read(answer.result.as_ref(), name)?;
        Ok(Lease {
            result: result(ephemeral, &config, &opened)?,
            renew_at: answer.renew_at.map(|at| at.try_into().expect("a time")),
            said,
            type_name: name.to_owned(),
            private: answer.private,
        })
    }

    /// Renews one, as core does when the time has come.
    pub(crate) async fn renew(&self, lease: &mut Lease) -> Result<()> {
        assert!(lease.renew_at.is_some(), "it is not to be renewed");
        let request = proto::renew_ephemeral_resource::Request {
            type_name: lease.type_name.clone(),
            private: lease.private.clone(),
        };
        let answer = answered(self.service.renew_ephemeral_resource(Request::new(request)).await)?;
        lease.said = heard(&self.ephemeral(&lease.type_name).block, answer.diagnostics)?;
        lease.renew_at = answer.renew_at.map(|at| at.try_into().expect("a time"));
        lease.private = answer.private;
        Ok(())
    }

    /// Closes one.
    pub(crate) async fn close(&self, lease: Lease) -> Result<Vec<Said>> {
        let request = proto::close_ephemeral_resource::Request {
            type_name: lease.type_name.clone(),
            private: lease.private,
        };
        let answer = answered(self.service.close_ephemeral_resource(Request::new(request)).await)?;
        heard(&self.ephemeral(&lease.type_name).block, answer.diagnostics)
    }
}

/// A result that core takes: there, known, and as configured.
fn result(ty: &ResourceType, config: &Val, result: &Val) -> Result<Json> {
    if result.is_null() || !result.is_wholly_known() {
        return broke(format!("the result is not known: {result:?}"));
    }
    let broken = plan_valid::violations(&ty.block, &Val::Null, config, result);
    if !broken.is_empty() {
        return Err(Failure::Broke(broken));
    }
    Ok(to_json(&ty.ty, result))
}
