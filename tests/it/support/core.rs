//! A small core: what OpenTofu and Terraform do with a provider, in their
//! order and with their assertions, on a server in this process.
//!
//! Written from the description of the protocol and not from the provider: its
//! values, schemas and codec are its own. Where the CLIs differ, it does what
//! the stricter one does. What the provider says comes back as [`Said`]; a rule
//! that it breaks, as [`Failure::Broke`].

pub(crate) mod actions;
mod apply;
pub(crate) mod compatible;
pub(crate) mod functions;
pub(crate) mod identity;
mod list;
pub(crate) mod plan_valid;
pub(crate) mod proposed;
mod reads;
pub(crate) mod replace;
pub(crate) mod schema;
mod steps;
mod ty;
pub(crate) mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value as Json;
use terraform_provider_gitops::rpc::proto;
use tonic::{Request, Response, Status};

pub(crate) use apply::Applied;
pub(crate) use functions::{Called, FunctionType};
pub(crate) use identity::Identity;
pub(crate) use list::Listed;
pub(crate) use proto::provider_server::Provider as Service;
pub(crate) use schema::Block;
pub(crate) use steps::{Action, Import, Plan};
pub(crate) use ty::Ty;
pub(crate) use value::{UNKNOWN, Val};

/// The core of one run.
pub(crate) struct Core<S> {
    pub(crate) service: S,
    /// Whether write-only values are understood: since version 1.11 of both CLIs.
    pub(crate) knows_write_only: bool,
    pub(crate) provider: Block,
    pub(crate) resources: BTreeMap<String, ResourceType>,
    pub(crate) data_sources: BTreeMap<String, ResourceType>,
    pub(crate) ephemerals: BTreeMap<String, ResourceType>,
    pub(crate) functions: BTreeMap<String, FunctionType>,
    /// What each list takes, by the name of the type of resource.
    pub(crate) lists: BTreeMap<String, Block>,
    /// What each action takes.
    pub(crate) actions: BTreeMap<String, Block>,
}

/// A type of resource, as the provider describes it.
#[derive(Clone, Debug)]
pub(crate) struct ResourceType {
    pub(crate) version: i64,
    pub(crate) block: Block,
    pub(crate) ty: Ty,
    pub(crate) identity: Option<Identity>,
}

/// An object as the state file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored {
    pub(crate) version: i64,
    pub(crate) value: Json,
    pub(crate) private: Vec<u8>,
    pub(crate) identity: Option<Json>,
    /// Its create failed half-way: the next plan replaces it.
    pub(crate) tainted: bool,
}

/// Something that the provider has to tell its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) is_error: bool,
    pub(crate) summary: String,
    pub(crate) detail: String,
    /// The attribute that it is about; empty for the whole block.
    pub(crate) path: String,
}

/// Why a step came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The provider said so.
    Said(Vec<Said>),
    /// The provider broke rules of core.
    Broke(Vec<String>),
}

impl Failure {
    /// What the provider said.
    ///
    /// # Panics
    /// When it broke a rule instead.
    pub(crate) fn said(self) -> Vec<Said> {
        match self {
            Self::Said(said) => said,
            Self::Broke(rules) => panic!("broken: {rules:#?}"),
        }
    }

    /// The rules that were broken.
    ///
    /// # Panics
    /// When none was.
    pub(crate) fn broken(self) -> Vec<String> {
        match self {
            Self::Broke(rules) => rules,
            Self::Said(said) => panic!("only said: {said:#?}"),
        }
    }
}

/// The outcome of a step.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// One broken rule.
fn broke<T>(rule: impl Into<String>) -> Result<T> {
    Err(Failure::Broke(vec![rule.into()]))
}

impl<S: Service> Core<S> {
    /// Gets the schemas of a service.
    ///
    /// # Panics
    /// When a schema breaks a rule: no command of either CLI would work.
    pub(crate) async fn start(service: S) -> Self {
        let (core, wrong) = Self::inspect(service).await;
        assert!(wrong.is_empty(), "the schemas break rules: {wrong:#?}");
        core
    }

    /// Gets the schemas of a service, and what is wrong with them.
    pub(crate) async fn inspect(service: S) -> (Self, Vec<String>) {
        let mut wrong = Vec::new();
        let request = Request::new(proto::get_provider_schema::Request::default());
        let answer = service.get_provider_schema(request).await.expect("an answer").into_inner();
        let request = Request::new(proto::get_resource_identity_schemas::Request::default());
        let identities = service.get_resource_identity_schemas(request).await;
        let mut identities = identities.expect("an answer").into_inner().identity_schemas;
        let provider = block(answer.provider.as_ref(), "provider", &mut wrong);
        let mut resources = BTreeMap::new();
        for (name, schema) in &answer.resource_schemas {
            let block = block(Some(schema), name, &mut wrong);
            let identity = identities.remove(name);
            let identity = identity.map(|schema| Identity::read(&schema, &block, name, &mut wrong));
            let ty = block.ty();
            let resource = ResourceType { version: schema.version, ty, block, identity };
            resources.insert(name.clone(), resource);
        }
        wrong.extend(identities.keys().map(|name| format!("{name}: an identity of no resource")));
        let data_sources = unmanaged(&answer.data_source_schemas, &mut wrong);
        let ephemerals = unmanaged(&answer.ephemeral_resource_schemas, &mut wrong);
        let functions = functions::read(&answer.functions, &mut wrong);
        let mut lists = BTreeMap::new();
        for (name, schema) in &answer.list_resource_schemas {
            if resources.get(name).is_none_or(|resource: &ResourceType| resource.identity.is_none())
            {
                wrong.push(format!("{name}: a list of no type of resource with an identity"));
            }
            lists.insert(name.clone(), block(Some(schema), &format!("list {name}"), &mut wrong));
        }
        let actions = actions::read(&answer.action_schemas, &mut wrong);
        let knows_write_only = true;
        let core = Self {
            service,
            knows_write_only,
            provider,
            resources,
            data_sources,
            ephemerals,
            functions,
            lists,
            actions,
        };
        (core, wrong)
    }

    /// The type of that name.
    pub(crate) fn resource(&self, type_name: &str) -> &ResourceType {
        self.resources.get(type_name).unwrap_or_else(|| panic!("no resource type {type_name}"))
    }

    /// A configuration of a resource; see [`value::literal`].
    pub(crate) fn config(&self, type_name: &str, json: &Json) -> Val {
        self.resource(type_name).block.literal(json)
    }

    /// Checks the provider block and configures the provider with it.
    pub(crate) async fn configure(&self, json: &Json) -> Result<Vec<Said>> {
        self.configure_with(&self.provider.literal(json)).await
    }

    /// Checks the provider block and configures the provider with it.
    pub(crate) async fn configure_with(&self, config: &Val) -> Result<Vec<Said>> {
        let config = Some(dynamic(&self.provider.ty(), config));
        let request = proto::validate_provider_config::Request { config: config.clone() };
        let answer = self.service.validate_provider_config(Request::new(request)).await;
        let mut said = heard(&self.provider, answered(answer)?.diagnostics)?;
        let request = proto::configure_provider::Request {
            terraform_version: "1.13.0".into(),
            config,
            client_capabilities: Some(self.capabilities()),
        };
        let answer = self.service.configure_provider(Request::new(request)).await;
        said.extend(heard(&self.provider, answered(answer)?.diagnostics)?);
        Ok(said)
    }

    /// Stops whatever runs.
    pub(crate) async fn stop(&self) {
        let request = Request::new(proto::stop_provider::Request::default());
        let answer = self.service.stop_provider(request).await.expect("an answer");
        assert_eq!(answer.into_inner().error, "");
    }

    fn capabilities(&self) -> proto::ClientCapabilities {
        proto::ClientCapabilities {
            write_only_attributes_allowed: self.knows_write_only,
            ..Default::default()
        }
    }
}

impl ResourceType {
    /// Reads an object that the provider sends.
    fn read(&self, value: Option<&proto::DynamicValue>, what: &str) -> Result<Val> {
        let bytes = value.map(|value| value.msgpack.as_slice()).unwrap_or_default();
        let read = value::decode(&self.ty, bytes);
        let read = read.map_err(|error| Failure::Broke(vec![format!("{what}: {error}")]))?;
        let mut broken = Vec::new();
        self.block.written_only(&read, what, &mut broken);
        if broken.is_empty() { Ok(read) } else { Err(Failure::Broke(broken)) }
    }

    fn write(&self, value: &Val) -> proto::DynamicValue {
        dynamic(&self.ty, value)
    }
}

/// Types of what has no state, by name.
fn unmanaged(
    schemas: &BTreeMap<String, proto::Schema>,
    wrong: &mut Vec<String>,
) -> BTreeMap<String, ResourceType> {
    let mut types = BTreeMap::new();
    for (name, schema) in schemas {
        let block = block(Some(schema), name, wrong);
        block.walk(name, &mut |at, attr| {
            if attr.write_only {
                wrong.push(format!("{at}: only a managed resource has write-only attributes"));
            }
        });
        let ty = block.ty();
        let version = schema.version;
        types.insert(name.clone(), ResourceType { version, ty, block, identity: None });
    }
    types
}

fn dynamic(ty: &Ty, value: &Val) -> proto::DynamicValue {
    proto::DynamicValue { msgpack: value::encode(ty, value), json: Vec::new() }
}

fn block(schema: Option<&proto::Schema>, at: &str, wrong: &mut Vec<String>) -> Block {
    if schema.is_some_and(|schema| schema.version < 0) {
        wrong.push(format!("{at}: the version is negative"));
    }
    let Some(block) = schema.and_then(|schema| schema.block.as_ref()) else {
        wrong.push(format!("{at}: there is no block, and the host panics"));
        return Block::default();
    };
    Block::read(block, at, wrong)
}

/// The message of an answer; a failed call is an opaque plugin error to users.
fn answered<T>(answer: std::result::Result<Response<T>, Status>) -> Result<T> {
    match answer {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) => broke(format!("a call failed: {status}")),
    }
}

/// What was said, when no error is in it.
fn heard(block: &Block, diagnostics: Vec<proto::Diagnostic>) -> Result<Vec<Said>> {
    let said = listen(block, diagnostics)?;
    if said.iter().any(|said| said.is_error) { Err(Failure::Said(said)) } else { Ok(said) }
}

/// What was said, errors included.
fn listen(block: &Block, diagnostics: Vec<proto::Diagnostic>) -> Result<Vec<Said>> {
    use proto::diagnostic::Severity;
    let mut said = Vec::new();
    for diagnostic in diagnostics {
        let is_error = match Severity::try_from(diagnostic.severity) {
            Ok(Severity::Error) => true,
            Ok(Severity::Warning) => false,
            _ => return broke(format!("a diagnostic has the severity {}", diagnostic.severity)),
        };
        if diagnostic.summary.is_empty() {
            return broke("a diagnostic has no summary");
        }
        let path = diagnostic.attribute.unwrap_or_default();
        if !replace::leads_somewhere(block, &path) {
            let path = replace::show(&path);
            return broke(format!("a diagnostic points at {path}: {}", diagnostic.summary));
        }
        let (summary, detail) = (diagnostic.summary, diagnostic.detail);
        said.push(Said { is_error, summary, detail, path: replace::show(&path) });
    }
    Ok(said)
}
