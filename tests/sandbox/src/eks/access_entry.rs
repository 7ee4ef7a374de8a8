//! Access entries: which IAM principals a cluster lets in, and as whom.
//!
//! Where measured, the texts are AWS's own, as is the order: the request's own rules come before the
//! lookup of the cluster, and that before IAM's.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    access_policy::{PolicyAssociation, Scope, policy_arn},
    arn::{Principal, PrincipalKind},
    error::{ApiError, ErrorKind},
    input::{Call, Input},
    page::Page,
    state::{Shared, epoch},
    tags,
};

const TYPES: [&str; 7] = [
    STANDARD,
    "FARGATE_LINUX",
    "EC2_LINUX",
    "EC2_WINDOWS",
    "EC2",
    "HYBRID_LINUX",
    "HYPERPOD_LINUX",
];

pub(crate) const STANDARD: &str = "STANDARD";

/// The types of nodes, as AWS's own messages list them.
const NODE_TYPES: &str = "[EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, EC2]";

/// Neither usernames nor groups may begin like what AWS and Kubernetes keep to themselves.
const RESERVED: [&str; 5] = ["system:", "eks:", "aws:", "amazon:", "iam:"];

#[derive(Clone, Debug)]
pub(crate) struct AccessEntry {
    pub(crate) principal: Principal,
    /// The principal's unique id when the entry was made. Another principal under the same ARN is
    /// not let in.
    pub(crate) unique_id: Option<String>,
    pub(crate) arn: String,
    pub(crate) kind: String,
    pub(crate) groups: Vec<String>,
    pub(crate) username: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) created_at: Timestamp,
    modified_at: Timestamp,
    /// By policy ARN.
    pub(crate) policies: BTreeMap<String, PolicyAssociation>,
    /// The ARN of the capability that EKS made the entry for.
    capability: Option<String>,
}

impl AccessEntry {
    fn new(
        shared: &Shared,
        cluster: &str,
        principal: Principal,
        unique_id: Option<String>,
        kind: &str,
    ) -> Self {
        let of = match principal.kind {
            PrincipalKind::Role => "role",
            PrincipalKind::User => "user",
        };
        let (account, name) = (&principal.account, &principal.name);
        let id = Uuid::new_v4();
        let now = Timestamp::now();
        Self {
            arn: shared.arn(&format!("access-entry/{cluster}/{of}/{account}/{name}/{id}")),
            unique_id,
            kind: kind.to_owned(),
            groups: Vec::new(),
            username: default_username(&principal, kind),
            tags: BTreeMap::new(),
            created_at: now,
            modified_at: now,
            policies: BTreeMap::new(),
            capability: None,
            principal,
        }
    }

    pub(crate) fn render(&self, cluster: &str) -> Value {
        json!({
            "clusterName": cluster,
            "principalArn": self.principal.arn,
            "kubernetesGroups": self.groups,
            "accessEntryArn": self.arn,
            "createdAt": epoch(self.created_at),
            "modifiedAt": epoch(self.modified_at),
            "tags": self.tags,
            "username": self.username,
            "type": self.kind,
        })
    }

    /// The entry with its policies, for the dump of the state.
    pub(crate) fn dump(&self, cluster: &str) -> Value {
        let mut rendered = self.render(cluster);
        let policies = self.policies.iter();
        let policies = policies.map(|(arn, association)| association.render(arn));
        rendered["associatedAccessPolicies"] = Value::Array(policies.collect());
        rendered
    }

    /// Whether EKS made the entry by itself for this capability.
    pub(crate) fn made_for(&self, capability: &str) -> bool {
        self.capability.as_deref() == Some(capability)
    }
}

/// What EKS grants by itself to a capability's role.
#[derive(Debug)]
pub(crate) struct CapabilityGrant<'a> {
    pub(crate) capability: &'a str,
    pub(crate) role: &'a Principal,
    pub(crate) role_unique_id: Option<String>,
    /// Names of policies, each for the whole cluster or for one namespace.
    pub(crate) policies: &'a [(&'a str, Option<&'a str>)],
}

/// The entry for a capability's role: a new one, or the existing one with the policies added (AWS
/// does not say whether it adds them to an entry that was there before).
pub(crate) fn for_capability(
    shared: &Shared,
    cluster: &str,
    existing: Option<&AccessEntry>,
    grant: &CapabilityGrant<'_>,
) -> AccessEntry {
    let mut entry = existing.cloned().unwrap_or_else(|| {
        let (role, unique_id) = (grant.role.clone(), grant.role_unique_id.clone());
        let mut entry = AccessEntry::new(shared, cluster, role, unique_id, STANDARD);
        entry.capability = Some(grant.capability.to_owned());
        entry
    });
    for (policy, namespace) in grant.policies {
        let scope = match namespace {
            None => Scope::Cluster,
            Some(namespace) => Scope::Namespaces(vec![(*namespace).to_owned()]),
        };
        let arn = policy_arn(shared.partition, policy);
        let association = entry.policies.entry(arn);
        association.or_insert_with(|| PolicyAssociation::new(scope));
    }
    entry
}

pub(crate) async fn create(shared: &Arc<Shared>, call: &Call) -> Result<Value, ApiError> {
    let input = call.input();
    let principal = principal(input.required_string("principalArn")?)?;
    let kind = input.choice("type", &TYPES)?.unwrap_or(STANDARD);
    let groups = groups(&input)?;
    let username = username(&input)?;
    if kind != STANDARD {
        node_rules(shared, &principal, kind, &groups, username)?;
    }
    let tags = tags::on_create(&input)?;

    shared.state().cluster(call.cluster())?.require_access_entries()?;
    let propagation = shared.faults.role_propagation();
    let found = shared.directory.find(&principal, propagation).await?;
    let found = found.ok_or_else(invalid_principal)?;

    let mut state = shared.state();
    let cluster = state.cluster_mut(call.cluster())?;
    if cluster.access_entries.contains_key(&principal.arn) {
        let message = "The specified access entry resource is already in use on this cluster.";
        return Err(ApiError::in_use(message));
    }
    let mut entry = AccessEntry::new(shared, call.cluster(), principal, found.unique_id, kind);
    entry.groups = groups;
    entry.tags = tags;
    if let Some(username) = username {
        username.clone_into(&mut entry.username);
    }
    let output = json!({ "accessEntry": entry.render(call.cluster()) });
    cluster.access_entries.insert(entry.principal.arn.clone(), entry);
    Ok(output)
}

pub(crate) fn describe(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let state = shared.state();
    let cluster = state.cluster(call.cluster())?;
    cluster.require_access_entries()?;
    let entry = cluster.access_entries.get(call.path("principalArn"));
    let entry = entry.ok_or_else(absent)?;
    Ok(json!({ "accessEntry": entry.render(call.cluster()) }))
}

/// Sets groups and username together: what the request leaves out goes back to its default.
pub(crate) fn update(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let input = call.input();
    let groups = groups(&input)?;
    let username = username(&input)?;
    let mut state = shared.state();
    let cluster = state.cluster_mut(call.cluster())?;
    cluster.require_access_entries()?;
    let entry = cluster.access_entries.get_mut(call.path("principalArn"));
    let entry = entry.ok_or_else(absent)?;
    require_standard(entry)?;
    entry.groups = groups;
    entry.username = match username {
        Some(username) => username.to_owned(),
        None => default_username(&entry.principal, &entry.kind),
    };
    entry.modified_at = Timestamp::now();
    Ok(json!({ "accessEntry": entry.render(call.cluster()) }))
}

pub(crate) fn delete(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let mut state = shared.state();
    let cluster = state.cluster_mut(call.cluster())?;
    cluster.require_access_entries()?;
    let removed = cluster.access_entries.remove(call.path("principalArn"));
    let removed = removed.ok_or_else(absent)?;
    state.forget(&removed.arn);
    Ok(json!({}))
}

pub(crate) fn list(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let invalid = ErrorKind::InvalidParameterException;
    let page = Page::parse(call, invalid, shared.faults.page_limit())?;
    let state = shared.state();
    let cluster = state.cluster(call.cluster())?;
    cluster.require_access_entries()?;
    let policy = call.query("associatedPolicyArn");
    let entries = cluster
        .access_entries
        .iter()
        .filter(|(_, entry)| policy.is_none_or(|policy| entry.policies.contains_key(policy)));
    let arns = entries.map(|(arn, _)| (arn.clone(), json!(arn)));
    Ok(page.render("accessEntries", arns).into())
}

pub(crate) fn absent() -> ApiError {
    ApiError::not_found(
        "The specified principalArn could not be found. You can view your available access entries \
         with 'list-access-entries'.",
    )
}

pub(crate) fn require_standard(entry: &AccessEntry) -> Result<(), ApiError> {
    if entry.kind != STANDARD {
        return Err(ApiError::invalid_parameter(
            "This operation can only be performed on Access Entries with a type of \"STANDARD\"",
        ));
    }
    Ok(())
}

fn invalid_principal() -> ApiError {
    ApiError::invalid_parameter("The specified principalArn is invalid: invalid principal.")
}

fn principal(arn: &str) -> Result<Principal, ApiError> {
    let principal = Principal::parse(arn).ok_or_else(invalid_principal)?;
    if principal.service_linked {
        return Err(ApiError::invalid_parameter(
            "The caller is not allowed to modify access entries with a principalArn value of a \
             Service Linked Role",
        ));
    }
    Ok(principal)
}

fn groups(input: &Input<'_>) -> Result<Vec<String>, ApiError> {
    let groups = input.strings("kubernetesGroups")?.unwrap_or_default();
    for group in &groups {
        if group.is_empty() {
            let constraint = "Member must have length greater than or equal to 1";
            return Err(input.violation("kubernetesGroups", group, constraint));
        }
        if let Some(prefix) = RESERVED.iter().find(|prefix| group.starts_with(**prefix)) {
            return Err(ApiError::invalid_parameter(format!(
                "The kubernetes group name {group} is invalid, it cannot start with {prefix}"
            )));
        }
    }
    let mut seen = BTreeSet::new();
    Ok(groups.into_iter().filter(|group| seen.insert(group.clone())).collect())
}

fn username<'a>(input: &Input<'a>) -> Result<Option<&'a str>, ApiError> {
    let Some(username) = input.string("username")?.filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    if let Some(prefix) = RESERVED.iter().find(|prefix| username.starts_with(**prefix)) {
        let message = format!("The username must not begin with {prefix}");
        return Err(ApiError::invalid_parameter(message));
    }
    for template in ["{{SessionName}}", "{{SessionNameRaw}}"] {
        if let Some((before, _)) = username.split_once(template)
            && !before.contains(':')
        {
            // Else anyone who may choose a session name could pass for another user.
            return Err(ApiError::invalid_parameter(format!(
                "The username {username} is invalid, it must have a : before {template}"
            )));
        }
    }
    Ok(Some(username))
}

/// Node types take roles of the cluster's account, and EKS sets what they are in Kubernetes.
fn node_rules(
    shared: &Shared,
    principal: &Principal,
    kind: &str,
    groups: &[String],
    username: Option<&str>,
) -> Result<(), ApiError> {
    let message = if principal.kind != PrincipalKind::Role {
        format!("AccessEntry principalArn must be IAM role when using types {NODE_TYPES}")
    } else if principal.account != shared.account_id {
        format!(
            "AccessEntry principalArn must be from the same account as the cluster when using types \
             {NODE_TYPES}"
        )
    } else if !groups.is_empty() {
        format!(
            "The specified kubernetesGroups is invalid: setting kubernetesGroups is not allowed \
             when the type is \"{kind}\""
        )
    } else if username.is_some() {
        format!(
            "The specified username is invalid: setting username is not allowed when the type is \
             \"{kind}\""
        )
    } else {
        return Ok(());
    };
    Err(ApiError::invalid_parameter(message))
}

fn default_username(principal: &Principal, kind: &str) -> String {
    let (partition, account) = (&principal.partition, &principal.account);
    match (kind, principal.kind) {
        (STANDARD, PrincipalKind::Role) => {
            let name = &principal.name;
            format!("arn:{partition}:sts::{account}:assumed-role/{name}/{{{{SessionName}}}}")
        }
        (STANDARD, PrincipalKind::User) => principal.arn.clone(),
        ("EC2_LINUX" | "EC2_WINDOWS" | "EC2", _) => "system:node:{{EC2PrivateDNSName}}".to_owned(),
        _ => "system:node:{{SessionName}}".to_owned(),
    }
}
