//! What core does with one object up to its plan, and without one.

use serde_json::Value as Json;
use terraform_provider_gitops::rpc::proto;
use tonic::Request;

use super::value::to_json;
use super::{
    Core, Failure, ResourceType, Result, Said, Service, Stored, Val, answered, broke, heard,
    plan_valid, proposed, replace,
};

/// What a plan comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    NoOp,
    Create,
    Update,
    Replace,
    Delete,
}

/// A planned change.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) action: Action,
    /// The state before; null when there is none.
    pub(crate) prior: Val,
    /// The planned state; null for a destroy.
    pub(crate) planned: Val,
    /// The attributes whose change makes a new object.
    pub(crate) replace: Vec<String>,
    /// Warnings.
    pub(crate) said: Vec<Said>,
    pub(crate) identity: Option<Val>,
    pub(super) private: Vec<u8>,
    pub(super) stored: Option<Stored>,
}

/// What an import is given.
#[derive(Clone, Debug)]
pub(crate) enum Import<'a> {
    Id(&'a str),
    Identity(Json),
}

/// One answer to the question what a change would come to.
struct Answer {
    planned: Val,
    replace: Vec<String>,
    private: Vec<u8>,
    identity: Option<Val>,
    said: Vec<Said>,
}

impl<S: Service> Core<S> {
    /// Has a configuration written for an object that has none.
    pub(crate) async fn generate(&self, type_name: &str, stored: &Stored) -> Result<Val> {
        let resource = self.resource(type_name);
        let state = self.upgrade(type_name, stored).await?;
        let request = proto::generate_resource_config::Request {
            type_name: type_name.to_owned(),
            state: Some(resource.write(&state)),
        };
        let answer = self.service.generate_resource_config(Request::new(request)).await;
        let answer = answered(answer)?;
        heard(&resource.block, answer.diagnostics)?;
        let config = resource.read(answer.config.as_ref(), "a generated configuration")?;
        let mut broken = Vec::new();
        resource.block.configured_only(&config, &mut broken);
        if broken.is_empty() { Ok(config) } else { Err(Failure::Broke(broken)) }
    }

    /// Checks the configuration of a resource.
    pub(crate) async fn validate(&self, type_name: &str, config: &Val) -> Result<Vec<Said>> {
        let resource = self.resource(type_name);
        let request = proto::validate_resource_config::Request {
            type_name: type_name.to_owned(),
            config: Some(resource.write(config)),
            client_capabilities: Some(self.capabilities()),
        };
        let answer = self.service.validate_resource_config(Request::new(request)).await;
        heard(&resource.block, answered(answer)?.diagnostics)
    }

    /// Takes an object out of the state file, as every command does first.
    pub(crate) async fn upgrade(&self, type_name: &str, stored: &Stored) -> Result<Val> {
        let resource = self.resource(type_name);
        let json = stored.value.to_string().into_bytes();
        let request = proto::upgrade_resource_state::Request {
            type_name: type_name.to_owned(),
            version: stored.version,
            raw_state: Some(proto::RawState { json, ..Default::default() }),
        };
        let answer = self.service.upgrade_resource_state(Request::new(request)).await;
        let answer = answered(answer)?;
        heard(&resource.block, answer.diagnostics)?;
        let upgraded = resource.read(answer.upgraded_state.as_ref(), "the upgraded state")?;
        if upgraded.is_null() || !upgraded.is_wholly_known() {
            return broke("an upgraded state is null or has unknown parts");
        }
        Ok(upgraded)
    }

    /// Reads an object anew; `None` when it is gone.
    pub(crate) async fn refresh(&self, type_name: &str, stored: &Stored) -> Result<Option<Stored>> {
        let resource = self.resource(type_name);
        let current = self.upgrade(type_name, stored).await?;
        let identity = stored.identity.as_ref();
        let request = proto::read_resource::Request {
            type_name: type_name.to_owned(),
            current_state: Some(resource.write(&current)),
            private: stored.private.clone(),
            client_capabilities: Some(self.capabilities()),
            current_identity: resource.identity.as_ref().zip(identity).map(|(i, v)| i.encode(v)),
            ..Default::default()
        };
        let answer = self.service.read_resource(Request::new(request)).await;
        let answer = answered(answer)?;
        heard(&resource.block, answer.diagnostics)?;
        let read = resource.read(answer.new_state.as_ref(), "the state that was read")?;
        if read.is_null() {
            return Ok(None);
        }
        if !read.is_wholly_known() {
            return broke("a state that was read has unknown parts");
        }
        let read = resource.store(&read, answer.private, answer.new_identity.as_ref())?;
        if identity.is_some() && read.identity.as_ref() != identity {
            return broke(format!("a read made the identity {identity:?} {:?}", read.identity));
        }
        Ok(Some(Stored { tainted: stored.tainted, ..read }))
    }

    /// Plans a create or a change.
    pub(crate) async fn plan(
        &self,
        type_name: &str,
        stored: Option<&Stored>,
        config: &Val,
    ) -> Result<Plan> {
        let mut said = self.validate(type_name, config).await?;
        let prior = match stored {
            Some(stored) => self.upgrade(type_name, stored).await?,
            None => Val::Null,
        };
        let private = stored.map(|stored| stored.private.clone()).unwrap_or_default();
        let tainted = stored.is_some_and(|stored| stored.tainted);
        let identity = stored.and_then(|stored| stored.identity.as_ref());
        let mut answer = if tainted {
            self.ask(type_name, &Val::Null, config, private, None).await?
        } else {
            self.ask(type_name, &prior, config, private, identity).await?
        };
        let replace = std::mem::take(&mut answer.replace);
        said.append(&mut answer.said);
        let action = if prior.is_null() {
            Action::Create
        } else if tainted || !replace.is_empty() {
            Action::Replace
        } else if answer.planned == prior {
            Action::NoOp
        } else {
            Action::Update
        };
        if action == Action::Replace && !tainted {
            let private = std::mem::take(&mut answer.private);
            answer = self.ask(type_name, &Val::Null, config, private, None).await?;
            said.append(&mut answer.said);
        }
        let Answer { planned, private, identity, .. } = answer;
        let stored = stored.cloned();
        Ok(Plan { action, prior, planned, replace, said, identity, private, stored })
    }

    /// Plans the end of an object.
    pub(crate) async fn plan_destroy(&self, type_name: &str, stored: &Stored) -> Result<Plan> {
        let resource = self.resource(type_name);
        let prior = self.upgrade(type_name, stored).await?;
        let identity = resource.identity.as_ref().zip(stored.identity.as_ref());
        let request = proto::plan_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: Some(resource.write(&prior)),
            proposed_new_state: Some(resource.write(&Val::Null)),
            config: Some(resource.write(&Val::Null)),
            prior_private: stored.private.clone(),
            client_capabilities: Some(self.capabilities()),
            prior_identity: identity.map(|(schema, identity)| schema.encode(identity)),
            ..Default::default()
        };
        let answer = self.service.plan_resource_change(Request::new(request)).await;
        let answer = answered(answer)?;
        let said = heard(&resource.block, answer.diagnostics)?;
        let planned = resource.read(answer.planned_state.as_ref(), "the planned state")?;
        if !planned.is_null() {
            return broke("a destroy is planned as something that is not null");
        }
        Ok(Plan {
            action: Action::Delete,
            prior,
            planned,
            replace: Vec::new(),
            said,
            identity: None,
            private: answer.planned_private,
            stored: Some(stored.clone()),
        })
    }

    /// Asks for a plan, and holds the answer against the rules.
    async fn ask(
        &self,
        type_name: &str,
        prior: &Val,
        config: &Val,
        prior_private: Vec<u8>,
        identity: Option<&Json>,
    ) -> Result<Answer> {
        let resource = self.resource(type_name);
        let proposed = proposed::proposed(&resource.block, prior, config);
        let identity = resource.identity.as_ref().zip(identity);
        let request = proto::plan_resource_change::Request {
            type_name: type_name.to_owned(),
            prior_state: Some(resource.write(prior)),
            proposed_new_state: Some(resource.write(&proposed)),
            config: Some(resource.write(config)),
            prior_private,
            client_capabilities: Some(self.capabilities()),
            prior_identity: identity.map(|(schema, identity)| schema.encode(identity)),
            ..Default::default()
        };
        let answer = self.service.plan_resource_change(Request::new(request.clone())).await;
        let answer = answered(answer)?;
        let again = answered(self.service.plan_resource_change(Request::new(request)).await)?;
        if answer != again {
            return broke("the same question for a plan has two answers");
        }
        let said = heard(&resource.block, answer.diagnostics)?;
        if answer.legacy_type_system || answer.deferred.is_some() {
            return broke("a plan asks for the leniency of old SDKs, or to be deferred");
        }
        let planned = resource.read(answer.planned_state.as_ref(), "the planned state")?;
        let mut broken = plan_valid::violations(&resource.block, prior, config, &planned);
        let replace = replace::counted(&resource.block, &answer.requires_replace, prior, &planned);
        let replace = replace.unwrap_or_else(|error| {
            broken.push(error);
            Vec::new()
        });
        let identity = resource.identity(answer.planned_identity.as_ref())?;
        if let Some(identity) = &identity
            && !prior.is_null()
            && replace.is_empty()
            && !identity.is_wholly_known()
        {
            broken.push(format!("an identity that is there is planned as {identity:?}"));
        }
        if broken.is_empty() {
            Ok(Answer { planned, replace, private: answer.planned_private, identity, said })
        } else {
            Err(Failure::Broke(broken))
        }
    }

    /// Takes an object into the state, and reads it.
    pub(crate) async fn import(&self, type_name: &str, import: &Import<'_>) -> Result<Stored> {
        let stub = self.find(type_name, import).await?;
        match self.refresh(type_name, &stub).await? {
            Some(stored) => Ok(stored),
            None => Err(Failure::Said(vec![Said {
                is_error: true,
                summary: "Cannot import non-existent remote object".into(),
                detail: String::new(),
                path: String::new(),
            }])),
        }
    }

    /// The first half of an import: what is read next.
    pub(crate) async fn find(&self, type_name: &str, import: &Import<'_>) -> Result<Stored> {
        let resource = self.resource(type_name);
        let mut request = proto::import_resource_state::Request {
            type_name: type_name.to_owned(),
            client_capabilities: Some(self.capabilities()),
            ..Default::default()
        };
        match import {
            Import::Id(id) => (*id).clone_into(&mut request.id),
            Import::Identity(identity) => {
                let schema = resource.identity.as_ref().expect("the type has an identity");
                request.identity = Some(schema.encode(identity));
            }
        }
        let answer = self.service.import_resource_state(Request::new(request)).await;
        let answer = answered(answer)?;
        heard(&resource.block, answer.diagnostics)?;
        let [imported] = answer.imported_resources.as_slice() else {
            return broke("an import is not of exactly one object");
        };
        if imported.type_name != type_name {
            return broke(format!("an import of {type_name} gave {:?}", imported.type_name));
        }
        let state = resource.read(imported.state.as_ref(), "the imported state")?;
        if state.is_null() || !state.is_wholly_known() {
            return broke("an imported state is null or has unknown parts");
        }
        let identity = imported.identity.as_ref();
        resource.store(&state, imported.private.clone(), identity)
    }

    /// Moves an object of a type, of this or another provider, to another type.
    pub(crate) async fn relocate(
        &self,
        from: (&str, &str),
        stored: &Stored,
        to: &str,
    ) -> Result<Stored> {
        let resource = self.resource(to);
        let (address, source) = from;
        let json = |json: &Json| proto::RawState {
            json: json.to_string().into_bytes(),
            ..Default::default()
        };
        let request = proto::move_resource_state::Request {
            source_provider_address: address.to_owned(),
            source_type_name: source.to_owned(),
            source_schema_version: stored.version,
            source_state: Some(json(&stored.value)),
            target_type_name: to.to_owned(),
            source_private: stored.private.clone(),
            source_identity: stored.identity.as_ref().map(json),
            ..Default::default()
        };
        let answer = self.service.move_resource_state(Request::new(request)).await;
        let answer = answered(answer)?;
        heard(&resource.block, answer.diagnostics)?;
        let state = resource.read(answer.target_state.as_ref(), "the moved state")?;
        if state.is_null() || !state.is_wholly_known() {
            return broke("a moved state is null or has unknown parts");
        }
        resource.store(&state, answer.target_private, answer.target_identity.as_ref())
    }
}

impl ResourceType {
    fn identity(&self, data: Option<&proto::ResourceIdentityData>) -> Result<Option<Val>> {
        match &self.identity {
            Some(schema) => schema
                .decode(data)
                .map_err(|error| Failure::Broke(vec![format!("the identity: {error}")])),
            None if data.is_some() => broke("an identity comes without a schema for it"),
            None => Ok(None),
        }
    }

    /// An object as the state file keeps it.
    pub(crate) fn store(
        &self,
        value: &Val,
        private: Vec<u8>,
        identity: Option<&proto::ResourceIdentityData>,
    ) -> Result<Stored> {
        let identity = self.identity(identity)?;
        if identity.as_ref().is_some_and(|identity| !identity.is_wholly_known()) {
            return broke("the identity of an object that exists has unknown parts");
        }
        let identity = self.identity.as_ref().zip(identity);
        Ok(Stored {
            version: self.version,
            value: to_json(&self.ty, value),
            private,
            identity: identity.map(|(schema, identity)| schema.to_json(&identity)),
            tainted: false,
        })
    }
}
