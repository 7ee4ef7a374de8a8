//! Capabilities: `CreateCapability` and its siblings.
//!
//! Where the API's behaviour is not documented the emulator takes the stricter reading, so that a
//! client which works here does not rest on luck:
//!
//! - The operations whose model lacks `ResourceNotFoundException` (create, list) answer
//!   `InvalidParameterException` for a cluster that is not there.
//! - `version`, `serverUrl` and `idcManagedApplicationArn` appear when the capability first turns
//!   `ACTIVE`, not with the answer to the create.
//! - `addOrUpdateRoleMappings` merges into a role's identities; only `removeRoleMappings` takes any
//!   away.
//! - While a transition runs, updates and deletes are refused with `ResourceInUseException`.

mod configuration;
mod lifecycle;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use self::configuration::{Change, Configuration};
use super::{
    CapabilityEvent, CapabilityKind,
    arn::Principal,
    cluster::ClusterStatus,
    error::{ApiError, ErrorKind},
    input::{Call, Input},
    page::Page,
    state::{Shared, epoch, random_id},
    tags,
    update::{Update, UpdateStatus},
};

/// The service that assumes a capability's role.
const SERVICE: &str = "capabilities.eks.amazonaws.com";

/// The state of a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are the API's own")]
pub enum CapabilityStatus {
    Creating,
    CreateFailed,
    Updating,
    Deleting,
    DeleteFailed,
    Active,
    Degraded,
}

/// What ails a capability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Its kind.
    pub code: IssueCode,
    /// What a person should read.
    pub message: String,
}

/// The kinds of health issues of capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the API's own")]
pub enum IssueCode {
    AccessDenied,
    ClusterUnreachable,
}

#[derive(Clone, Debug)]
pub(crate) struct Capability {
    name: String,
    kind: CapabilityKind,
    pub(crate) arn: String,
    role: Principal,
    role_unique_id: Option<String>,
    status: CapabilityStatus,
    /// Has been `ACTIVE` or `DEGRADED` once: from then on the computed members are there.
    started: bool,
    configuration: Configuration,
    pub(crate) tags: BTreeMap<String, String>,
    issues: Vec<Issue>,
    created_at: Timestamp,
    modified_at: Timestamp,
}

impl Capability {
    pub(crate) fn render(&self, cluster: &str) -> Value {
        let mut rendered = self.summary();
        let more = json!({
            "clusterName": cluster,
            "roleArn": self.role.arn,
            "configuration": self.configuration.render(self.started),
            "tags": self.tags,
            "health": { "issues": self.issues },
            "deletePropagationPolicy": "RETAIN",
        });
        if let (Value::Object(rendered), Value::Object(more)) = (&mut rendered, more) {
            rendered.extend(more);
        }
        rendered
    }

    fn summary(&self) -> Value {
        let mut summary = json!({
            "capabilityName": self.name,
            "arn": self.arn,
            "type": self.kind.name(),
            "status": self.status,
            "createdAt": epoch(self.created_at),
            "modifiedAt": epoch(self.modified_at),
        });
        // In the guide's sample output an ACK capability has no version: it is many controllers.
        let version = match self.kind {
            CapabilityKind::Argocd => Some("3.2.6-eks-1"),
            CapabilityKind::Kro => Some("v0.9.4"),
            CapabilityKind::Ack => None,
        };
        if let Some(version) = version.filter(|_| self.started) {
            summary["version"] = json!(version);
        }
        summary
    }

    fn event(&self, cluster: &str) -> CapabilityEvent {
        CapabilityEvent {
            cluster: cluster.to_owned(),
            name: self.name.clone(),
            kind: self.kind,
            namespace: self.configuration.namespace().map(str::to_owned),
            role_arn: self.role.arn.clone(),
        }
    }

    fn settle(&mut self, status: CapabilityStatus, issues: Vec<Issue>) {
        self.started |= matches!(status, CapabilityStatus::Active | CapabilityStatus::Degraded);
        self.status = status;
        self.issues = issues;
        self.modified_at = Timestamp::now();
    }

    /// Fails while a transition runs. What else is refused in which state is not documented.
    fn require_settled(&self) -> Result<(), ApiError> {
        match self.status {
            CapabilityStatus::Creating
            | CapabilityStatus::Updating
            | CapabilityStatus::Deleting => {
                let (name, status) = (&self.name, json!(self.status));
                Err(ApiError::in_use(format!(
                    "Capability {name} is in use: its status is {status}."
                )))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn set_status(&mut self, status: CapabilityStatus, issues: Vec<Issue>) {
        self.settle(status, issues);
    }
}

/// Which capability a life cycle is of; the ARN tells it from a later one of the same name.
#[derive(Clone, Debug)]
struct Key {
    cluster: String,
    name: String,
    arn: String,
}

pub(crate) async fn create(shared: &Arc<Shared>, call: &Call) -> Result<Value, ApiError> {
    let input = call.input();
    let name = capability_name(&input)?;
    let kind = CapabilityKind::parse(input.required_choice("type", &CapabilityKind::NAMES)?);
    let role = role(shared, &input)?;
    let role = role.ok_or_else(|| input.missing("roleArn"))?;
    input.required_choice("deletePropagationPolicy", &["RETAIN"])?;
    let configuration = input.structure("configuration")?;
    let configuration = Configuration::create(shared, kind, configuration.as_ref())?;
    let tags = tags::on_create(&input)?;

    let cluster_name = call.cluster();
    {
        let state = shared.state();
        let cluster = state.cluster(cluster_name).map_err(unmodelled)?;
        cluster.require_access_entries()?;
        if cluster.status != ClusterStatus::Active {
            let status = json!(cluster.status);
            return Err(ApiError::new(
                ErrorKind::InvalidRequestException,
                format!("Cluster {cluster_name} must be ACTIVE, its status is {status}."),
            ));
        }
    }
    let role_unique_id = trusted_role(shared, &role).await?;

    let mut state = shared.state();
    let cluster = state.cluster_mut(cluster_name).map_err(unmodelled)?;
    for existing in cluster.capabilities.values() {
        if existing.name == name || existing.kind == kind {
            return Err(ApiError::in_use(format!(
                "Capability {} of type {} already exists on cluster {cluster_name}.",
                existing.name,
                existing.kind.name()
            )));
        }
    }
    let now = Timestamp::now();
    let short = kind.name().to_ascii_lowercase();
    let id = random_id(24);
    let capability = Capability {
        name: name.to_owned(),
        kind,
        arn: shared.arn(&format!("capability/{cluster_name}/{short}/{name}/{id}")),
        role,
        role_unique_id,
        status: CapabilityStatus::Creating,
        started: false,
        configuration,
        tags,
        issues: Vec::new(),
        created_at: now,
        modified_at: now,
    };
    let output = json!({ "capability": capability.render(cluster_name) });
    let key = key(cluster_name, &capability);
    cluster.capabilities.insert(name.to_owned(), capability);
    lifecycle::create(shared, key);
    Ok(output)
}

pub(crate) fn describe(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let state = shared.state();
    let cluster = state.cluster(call.cluster())?;
    let name = call.path("capabilityName");
    let capability = cluster.capabilities.get(name).ok_or_else(|| absent(name))?;
    Ok(json!({ "capability": capability.render(call.cluster()) }))
}

pub(crate) fn list(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let invalid = ErrorKind::InvalidParameterException;
    let page = Page::parse(call, invalid, shared.faults.page_limit())?;
    let state = shared.state();
    let cluster = state.cluster(call.cluster()).map_err(unmodelled)?;
    let capabilities = cluster.capabilities.iter();
    let summaries = capabilities.map(|(name, capability)| (name.clone(), capability.summary()));
    Ok(page.render("capabilities", summaries).into())
}

pub(crate) async fn update(shared: &Arc<Shared>, call: &Call) -> Result<Value, ApiError> {
    let input = call.input();
    let (cluster_name, name) = (call.cluster(), call.path("capabilityName"));
    let kind = {
        let state = shared.state();
        let cluster = state.cluster(cluster_name)?;
        let capability = cluster.capabilities.get(name).ok_or_else(|| absent(name))?;
        capability.kind
    };
    let role = role(shared, &input)?;
    let policy = input.choice("deletePropagationPolicy", &["RETAIN"])?;
    let configuration = input.structure("configuration")?;
    let change = Change::parse(kind, configuration.as_ref())?;
    let mut params = change.params();
    if let Some(role) = &role {
        params.push(("RoleArn", role.arn.clone()));
    }
    if params.is_empty() && policy.is_none() {
        return Err(ApiError::invalid_parameter(
            "At least one of roleArn, configuration and deletePropagationPolicy must be updated.",
        ));
    }
    let role = match role {
        None => None,
        Some(role) => {
            let unique_id = trusted_role(shared, &role).await?;
            Some((role, unique_id))
        }
    };

    let mut state = shared.state();
    let cluster = state.cluster_mut(cluster_name)?;
    let capability = cluster.capabilities.get_mut(name);
    let capability = capability.ok_or_else(|| absent(name))?;
    capability.require_settled()?;
    // Dry: what cannot be applied is refused here and not by the update.
    change.apply(&mut capability.configuration.clone())?;
    let before = (capability.status, capability.issues.clone());
    capability.status = CapabilityStatus::Updating;
    let update = Update {
        id: Uuid::new_v4().to_string(),
        capability: name.to_owned(),
        status: UpdateStatus::InProgress,
        params,
        error: None,
        created_at: Timestamp::now(),
    };
    let output = json!({ "update": update.render() });
    let key = key(cluster_name, capability);
    let pending = lifecycle::Pending { update: update.id.clone(), role, change, before };
    cluster.updates.insert(update.id.clone(), update);
    lifecycle::update(shared, key, pending);
    Ok(output)
}

pub(crate) fn delete(shared: &Arc<Shared>, call: &Call) -> Result<Value, ApiError> {
    let (cluster_name, name) = (call.cluster(), call.path("capabilityName"));
    let mut state = shared.state();
    let cluster = state.cluster_mut(cluster_name)?;
    let capability = cluster.capabilities.get_mut(name);
    let capability = capability.ok_or_else(|| absent(name))?;
    capability.require_settled()?;
    capability.settle(CapabilityStatus::Deleting, Vec::new());
    let output = json!({ "capability": capability.render(cluster_name) });
    lifecycle::delete(shared, key(cluster_name, capability));
    Ok(output)
}

fn key(cluster: &str, capability: &Capability) -> Key {
    Key { cluster: cluster.to_owned(), name: capability.name.clone(), arn: capability.arn.clone() }
}

fn absent(name: &str) -> ApiError {
    ApiError::not_found(format!("No capability found for name: {name}."))
}

fn unmodelled(not_found: ApiError) -> ApiError {
    not_found.with_kind(ErrorKind::InvalidParameterException)
}

fn capability_name<'a>(input: &Input<'a>) -> Result<&'a str, ApiError> {
    let name = input.required_string("capabilityName")?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.chars().all(allowed) {
        let constraint = "Member must satisfy regular expression pattern: [A-Za-z0-9_-]+";
        return Err(input.violation("capabilityName", name, constraint));
    }
    Ok(name)
}

fn role(shared: &Shared, input: &Input<'_>) -> Result<Option<Principal>, ApiError> {
    let Some(arn) = input.string("roleArn")? else {
        return Ok(None);
    };
    let role = Principal::parse_role(arn).ok_or_else(|| {
        let constraint = "Member must be the ARN of an IAM role";
        input.violation("roleArn", arn, constraint)
    })?;
    require_own_account(shared, &role)?;
    Ok(Some(role))
}

/// The service passes the role on the caller's behalf, which no account can do for another's.
pub(crate) fn require_own_account(shared: &Shared, role: &Principal) -> Result<(), ApiError> {
    if role.account != shared.account_id {
        let message = "Cross-account pass role is not allowed.";
        return Err(ApiError::new(ErrorKind::AccessDeniedException, message));
    }
    Ok(())
}

/// Checks the role as the API does, at once and with one text for every reason; the role's unique id.
async fn trusted_role(shared: &Shared, role: &Principal) -> Result<Option<String>, ApiError> {
    let propagation = shared.faults.role_propagation();
    let found = shared.directory.find(role, propagation).await?;
    match found.filter(|found| found.trusts(SERVICE)) {
        Some(found) => Ok(found.unique_id),
        None => Err(ApiError::invalid_parameter(format!(
            "The trust policy for the provided role is invalid. The policy must include \
             sts:AssumeRole and sts:TagSession actions granting access to the AWS service {SERVICE}"
        ))),
    }
}
