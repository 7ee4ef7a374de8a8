//! The calls about managed resources.

use std::sync::Arc;

use super::deferral::{Client, deferred};
use super::diagnostics::{diagnostics, located, path};
use super::{proto, wire};
use crate::framework::schema::{Attribute, Kind, Nesting};
use crate::framework::{
    Diagnostics, Error, Foreign, ImportId, Managed, Path, Private, Registry, Result, Session, Value,
};

fn find<'a, P: Send + Sync + 'static>(
    registry: &'a Registry<P>,
    type_name: &str,
) -> Result<&'a Arc<Managed<P>>> {
    registry
        .get(type_name)
        .ok_or_else(|| Error::bug(format!("the provider has no resource type {type_name:?}")))
}

fn told<P: Send + Sync + 'static>(
    managed: &Managed<P>,
    found: Diagnostics,
) -> Vec<proto::Diagnostic> {
    diagnostics(located(&managed.schema().attributes, found))
}

pub(super) fn validate<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    request: &proto::validate_resource_config::Request,
) -> Result<Diagnostics> {
    let managed = find(registry, &request.type_name)?;
    let config = wire::read(managed.schema(), request.config.as_ref())?;
    let mut found = managed.validate(&config);
    if !takes_write_only(request.client_capabilities) {
        refuse_write_only(&managed.schema().attributes, &config, &Path::root(), &mut found);
    }
    Ok(located(&managed.schema().attributes, found))
}

fn takes_write_only(client: Client) -> bool {
    client.is_some_and(|client| client.write_only_attributes_allowed)
}

/// An older core would store what must not be stored.
fn refuse_write_only(
    attributes: &[Attribute],
    config: &Value,
    at: &Path,
    diagnostics: &mut Diagnostics,
) {
    for attr in attributes {
        let value = config.get(attr.name);
        if value.is_null() {
            continue;
        }
        let path = at.field(attr.name);
        if attr.write_only {
            diagnostics.invalid(
                path.clone(),
                "Write-only argument not supported by this version",
                format!(
                    "{path} is never stored, which needs OpenTofu 1.11 or Terraform 1.11 at least. \
                     Upgrade, or use the argument without the suffix \"_wo\"."
                ),
            );
            continue;
        }
        let Kind::Nested(_, inner) = &attr.kind else { continue };
        match value {
            Value::List(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    refuse_write_only(inner, element, &path.index(index), diagnostics);
                }
            }
            Value::Object(elements) if matches!(attr.kind, Kind::Nested(Nesting::Map, _)) => {
                for (key, element) in elements {
                    refuse_write_only(inner, element, &path.key(key), diagnostics);
                }
            }
            value => refuse_write_only(inner, value, &path, diagnostics),
        }
    }
}

pub(super) fn upgrade<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    request: &proto::upgrade_resource_state::Request,
) -> Result<proto::upgrade_resource_state::Response> {
    let managed = find(registry, &request.type_name)?;
    let raw = request.raw_state.as_ref().filter(|raw| !raw.json.is_empty());
    let raw = raw.ok_or_else(|| {
        Error::invalid(
            "the state is in the form of Terraform 0.11, which this provider never wrote",
        )
    })?;
    let stored = serde_json::from_slice(&raw.json)
        .map_err(|error| Error::invalid(format!("the stored state is no JSON: {error}")))?;
    let state = managed.upgrade(request.version, stored)?;
    Ok(proto::upgrade_resource_state::Response {
        upgraded_state: wire::write(managed.schema(), &state)?,
        diagnostics: Vec::new(),
    })
}

pub(super) fn upgrade_identity<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    request: &proto::upgrade_resource_identity::Request,
) -> Result<proto::upgrade_resource_identity::Response> {
    let managed = find(registry, &request.type_name)?;
    // There is one version of every identity so far, which core does not ask to upgrade.
    Err(Error::invalid(format!(
        "an identity of {} with version {} was never released",
        managed.name(),
        request.version
    )))
}

pub(super) async fn read<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    session: &Session<P>,
    request: proto::read_resource::Request,
) -> Result<proto::read_resource::Response> {
    let managed = find(registry, &request.type_name)?;
    let prior = wire::read(managed.schema(), request.current_state.as_ref())?;
    let outcome =
        managed.read(session, prior.clone(), Private::from_bytes(&request.private)?).await;
    let (deferred, said) = deferred(request.client_capabilities, outcome.diagnostics);
    let identity = wire::write_identity(&managed.identity(), &outcome.identity)?;
    // An unchanged state goes back byte for byte.
    let new_state = if outcome.state.as_ref() == Some(&prior) {
        request.current_state
    } else {
        wire::write_option(managed.schema(), outcome.state.as_ref())?
    };
    Ok(proto::read_resource::Response {
        new_state,
        private: outcome.private.to_bytes(),
        // What is not sent back is erased.
        new_identity: identity.or(request.current_identity),
        diagnostics: told(managed, said),
        deferred,
    })
}

pub(super) async fn plan<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    session: &Session<P>,
    request: proto::plan_resource_change::Request,
) -> Result<proto::plan_resource_change::Response> {
    let managed = find(registry, &request.type_name)?;
    let prior = wire::read_option(managed.schema(), request.prior_state.as_ref())?;
    let config = wire::read_option(managed.schema(), request.config.as_ref())?;
    let private = Private::from_bytes(&request.prior_private)?;
    let outcome = managed.plan(session, prior, config, private).await;
    let (deferred, said) = deferred(request.client_capabilities, outcome.diagnostics);
    let identity = wire::write_identity(&managed.identity(), &outcome.identity)?;
    Ok(proto::plan_resource_change::Response {
        planned_state: wire::write_option(managed.schema(), outcome.planned.as_ref())?,
        requires_replace: outcome.replace.iter().map(path).collect(),
        planned_private: outcome.private.to_bytes(),
        planned_identity: identity.or(request.prior_identity),
        diagnostics: told(managed, said),
        deferred,
        ..Default::default()
    })
}

pub(super) async fn apply<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    session: &Session<P>,
    request: proto::apply_resource_change::Request,
) -> Result<proto::apply_resource_change::Response> {
    let managed = find(registry, &request.type_name)?;
    let prior = wire::read_option(managed.schema(), request.prior_state.as_ref())?;
    let planned = wire::read_option(managed.schema(), request.planned_state.as_ref())?;
    let config = wire::read(managed.schema(), request.config.as_ref())?;
    let private = Private::from_bytes(&request.planned_private)?;
    let outcome = managed.apply(session, prior, planned, &config, private).await;
    let identity = wire::write_identity(&managed.identity(), &outcome.identity)?;
    Ok(proto::apply_resource_change::Response {
        new_state: wire::write_option(managed.schema(), outcome.state.as_ref())?,
        private: outcome.private.to_bytes(),
        new_identity: identity.or(request.planned_identity),
        diagnostics: told(managed, outcome.diagnostics),
        ..Default::default()
    })
}

pub(super) async fn import<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    session: &Session<P>,
    request: proto::import_resource_state::Request,
) -> Result<proto::import_resource_state::Response> {
    let managed = find(registry, &request.type_name)?;
    let identity = wire::read_identity(&managed.identity(), request.identity.as_ref())?;
    let id = match identity {
        Some(identity) => ImportId::Identity(identity),
        None => ImportId::Text(request.id),
    };
    let outcome = managed.import(session, id).await;
    let (deferred, said) = deferred(request.client_capabilities, outcome.diagnostics);
    let imported = match &outcome.state {
        None => None,
        Some(state) => Some(proto::import_resource_state::ImportedResource {
            type_name: request.type_name,
            state: wire::write(managed.schema(), state)?,
            private: outcome.private.to_bytes(),
            identity: wire::write_identity(&managed.identity(), &outcome.identity)?,
        }),
    };
    Ok(proto::import_resource_state::Response {
        imported_resources: imported.into_iter().collect(),
        diagnostics: told(managed, said),
        deferred,
    })
}

pub(super) fn generate<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    request: &proto::generate_resource_config::Request,
) -> Result<proto::generate_resource_config::Response> {
    let managed = find(registry, &request.type_name)?;
    let state = wire::read(managed.schema(), request.state.as_ref())?;
    Ok(proto::generate_resource_config::Response {
        config: wire::write(managed.schema(), &managed.generate(&state))?,
        diagnostics: Vec::new(),
    })
}

/// Moves a state between the two spellings of a type's name, or from a type of
/// another provider.
pub(super) fn relocate<P: Send + Sync + 'static>(
    registry: &Registry<P>,
    request: &proto::move_resource_state::Request,
) -> Result<proto::move_resource_state::Response> {
    let target = find(registry, &request.target_type_name)?;
    let raw = request.source_state.as_ref().map(|raw| raw.json.as_slice()).unwrap_or_default();
    let stored = serde_json::from_slice(raw)
        .map_err(|error| Error::invalid(format!("the stored state is no JSON: {error}")))?;
    let source = registry.get(&request.source_type_name);
    let ours = request.source_provider_address.ends_with("/eks-gitops/gitops");
    let (state, private) = if ours && source.is_some_and(|source| Arc::ptr_eq(source, target)) {
        let state = target.upgrade(request.source_schema_version, stored)?;
        (state, request.source_private.clone())
    } else {
        let (state, private) = target.take_over(&Foreign {
            provider: &request.source_provider_address,
            type_name: &request.source_type_name,
            state: &stored,
        })?;
        (state, private.to_bytes())
    };
    let identity = target.identity_of(&state);
    Ok(proto::move_resource_state::Response {
        target_state: wire::write(target.schema(), &state)?,
        target_private: private,
        target_identity: wire::write_identity(&target.identity(), &identity)?,
        diagnostics: Vec::new(),
    })
}
