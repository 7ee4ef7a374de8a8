//! Pod identity associations: which role the pods of a service account get.
//!
//! Not documented and so decided here: an empty `targetRoleArn` or `policy` in an update clears it,
//! an absent one leaves it; `externalId` is there while a target role is.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    arn::Principal,
    capability::require_own_account,
    error::{ApiError, ErrorKind},
    input::{Call, Input},
    page::Page,
    state::{Shared, epoch, random_id},
    tags,
};

/// The service that assumes an association's role.
const SERVICE: &str = "pods.eks.amazonaws.com";

/// Fixed by AWS, per cluster.
const MAX_ASSOCIATIONS: usize = 1000;

#[derive(Clone, Debug)]
pub(crate) struct PodIdentityAssociation {
    id: String,
    pub(crate) arn: String,
    namespace: String,
    service_account: String,
    role_arn: String,
    target_role_arn: Option<String>,
    external_id: String,
    disable_session_tags: bool,
    policy: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    created_at: Timestamp,
    modified_at: Timestamp,
}

impl PodIdentityAssociation {
    pub(crate) fn render(&self, cluster: &str) -> Value {
        let mut rendered = self.summary(cluster);
        rendered["roleArn"] = json!(self.role_arn);
        rendered["tags"] = json!(self.tags);
        rendered["createdAt"] = epoch(self.created_at);
        rendered["modifiedAt"] = epoch(self.modified_at);
        rendered["disableSessionTags"] = json!(self.disable_session_tags);
        if let Some(target) = &self.target_role_arn {
            rendered["targetRoleArn"] = json!(target);
            rendered["externalId"] = json!(self.external_id);
        }
        if let Some(policy) = &self.policy {
            rendered["policy"] = json!(policy);
        }
        rendered
    }

    fn summary(&self, cluster: &str) -> Value {
        json!({
            "clusterName": cluster,
            "namespace": self.namespace,
            "serviceAccount": self.service_account,
            "associationArn": self.arn,
            "associationId": self.id,
        })
    }
}

pub(crate) async fn create(shared: &Arc<Shared>, call: &Call) -> Result<Value, ApiError> {
    let input = call.input();
    let namespace = input.required_string("namespace")?;
    if !is_dns_label(namespace) {
        return Err(malformed("namespace", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"));
    }
    let service_account = input.required_string("serviceAccount")?;
    if !service_account.split('.').all(is_dns_label) {
        let pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
        return Err(malformed("serviceAccount", pattern));
    }
    let given = Settings::parse(shared, &input)?;
    let role = given.role.as_ref();
    let role_arn = role.map(|role| role.arn.clone());
    let role_arn = role_arn.ok_or_else(|| input.missing("roleArn"))?;
    let (disable_session_tags, policy) = given.session(false, None)?;
    let tags = tags::on_create(&input)?;
    shared.state().cluster(call.cluster())?;
    given.check_role(shared).await?;

    let mut state = shared.state();
    let cluster = state.cluster_mut(call.cluster())?;
    let mut existing = cluster.associations.values();
    let same = existing.find(|association| {
        association.namespace == namespace && association.service_account == service_account
    });
    if let Some(same) = same {
        let message = format!("Association already exists: {}", same.id);
        return Err(ApiError::in_use(message));
    }
    if cluster.associations.len() >= MAX_ASSOCIATIONS {
        return Err(ApiError::new(
            ErrorKind::ResourceLimitExceededException,
            format!("The limit of {MAX_ASSOCIATIONS} associations per cluster is reached."),
        ));
    }
    let id = format!("a-{}", random_id(17));
    let now = Timestamp::now();
    let (account, region, name) = (&shared.account_id, &shared.region, call.cluster());
    let association = PodIdentityAssociation {
        arn: shared.arn(&format!("podidentityassociation/{name}/{id}")),
        namespace: namespace.to_owned(),
        service_account: service_account.to_owned(),
        role_arn,
        target_role_arn: given.target_role.over(None),
        external_id: format!("{region}/{account}/{name}/{namespace}/{service_account}"),
        disable_session_tags,
        policy,
        tags,
        created_at: now,
        modified_at: now,
        id,
    };
    let output = json!({ "association": association.render(name) });
    cluster.associations.insert(association.id.clone(), association);
    Ok(output)
}

pub(crate) fn describe(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let state = shared.state();
    let cluster = state.cluster(call.cluster())?;
    let association = cluster.associations.get(call.path("associationId"));
    let association = association.ok_or_else(|| absent(call))?;
    Ok(json!({ "association": association.render(call.cluster()) }))
}

pub(crate) async fn update(shared: &Arc<Shared>, call: &Call) -> Result<Value, ApiError> {
    let given = Settings::parse(shared, &call.input())?;
    let cluster_name = call.cluster();
    let id = call.path("associationId");
    if !shared.state().cluster(cluster_name)?.associations.contains_key(id) {
        return Err(absent(call));
    }
    if given.is_empty() {
        return Err(ApiError::invalid_parameter(
            "At least one of roleArn, targetRoleArn, disableSessionTags and policy must be updated",
        ));
    }
    given.check_role(shared).await?;

    let mut state = shared.state();
    let cluster = state.cluster_mut(cluster_name)?;
    let association = cluster.associations.get_mut(id).ok_or_else(|| absent(call))?;
    let before = association.policy.clone();
    let (disabled, policy) = given.session(association.disable_session_tags, before)?;
    association.disable_session_tags = disabled;
    association.policy = policy;
    if let Some(role) = given.role {
        association.role_arn = role.arn;
    }
    association.target_role_arn = given.target_role.over(association.target_role_arn.take());
    association.modified_at = Timestamp::now();
    Ok(json!({ "association": association.render(cluster_name) }))
}

pub(crate) fn delete(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let mut state = shared.state();
    let cluster = state.cluster_mut(call.cluster())?;
    let removed = cluster.associations.remove(call.path("associationId"));
    let removed = removed.ok_or_else(|| absent(call))?;
    state.forget(&removed.arn);
    Ok(json!({ "association": removed.render(call.cluster()) }))
}

pub(crate) fn list(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let invalid = ErrorKind::InvalidParameterException;
    let page = Page::parse(call, invalid, shared.faults.page_limit())?;
    let state = shared.state();
    let cluster = state.cluster(call.cluster())?;
    let wanted = |value: &str, filter: &str| call.query(filter).is_none_or(|only| only == value);
    let matching = cluster.associations.values().filter(|association| {
        wanted(&association.namespace, "namespace")
            && wanted(&association.service_account, "serviceAccount")
    });
    let summaries =
        matching.map(|association| (association.id.clone(), association.summary(call.cluster())));
    Ok(page.render("associations", summaries).into())
}

/// What a request says of a setting that may be unset.
#[derive(Debug, PartialEq, Eq)]
enum Setting {
    Keep,
    Clear,
    Set(String),
}

impl Setting {
    fn parse(text: Option<&str>) -> Self {
        match text {
            None => Self::Keep,
            Some("") => Self::Clear,
            Some(text) => Self::Set(text.to_owned()),
        }
    }

    /// The setting's new value, from its current one.
    fn over(&self, current: Option<String>) -> Option<String> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(text) => Some(text.clone()),
        }
    }
}

/// What both create and update may set.
#[derive(Debug)]
struct Settings {
    role: Option<Principal>,
    target_role: Setting,
    disable_session_tags: Option<bool>,
    policy: Setting,
}

impl Settings {
    fn parse(shared: &Shared, input: &Input<'_>) -> Result<Self, ApiError> {
        let role_of = |member: &str, arn: &str| {
            Principal::parse_role(arn).ok_or_else(|| {
                let constraint = "Member must be the ARN of an IAM role";
                input.violation(member, arn, constraint)
            })
        };
        let role = input.string("roleArn")?;
        let role = role.map(|arn| role_of("roleArn", arn)).transpose()?;
        if let Some(role) = &role {
            require_own_account(shared, role)?;
        }
        let target_role = Setting::parse(input.string("targetRoleArn")?);
        if let Setting::Set(arn) = &target_role {
            // Of any account: the pod's agent goes there by way of the first role.
            role_of("targetRoleArn", arn)?;
        }
        let policy = Setting::parse(input.string("policy")?);
        if let Setting::Set(text) = &policy {
            let document: Option<Value> = serde_json::from_str(text).ok();
            let statement = document.as_ref().map(|document| &document["Statement"]);
            if !statement.is_some_and(|statement| statement.is_array() || statement.is_object()) {
                let message = "The provided policy is not a valid IAM policy document.";
                return Err(ApiError::invalid_parameter(message));
            }
        }
        Ok(Self {
            role,
            target_role,
            disable_session_tags: input.boolean("disableSessionTags")?,
            policy,
        })
    }

    fn is_empty(&self) -> bool {
        self.role.is_none()
            && self.target_role == Setting::Keep
            && self.disable_session_tags.is_none()
            && self.policy == Setting::Keep
    }

    /// Session tags and session policy, given what they are now. They share one packed size limit,
    /// and the API allows the policy only without the tags.
    fn session(
        &self,
        disabled: bool,
        policy: Option<String>,
    ) -> Result<(bool, Option<String>), ApiError> {
        let disabled = self.disable_session_tags.unwrap_or(disabled);
        let policy = self.policy.over(policy);
        if policy.is_some() && !disabled {
            return Err(ApiError::invalid_parameter(
                "When policy is specified, disableSessionTags must be set to true",
            ));
        }
        Ok((disabled, policy))
    }

    async fn check_role(&self, shared: &Shared) -> Result<(), ApiError> {
        let Some(role) = &self.role else {
            return Ok(());
        };
        let propagation = shared.faults.role_propagation();
        match shared.directory.find(role, propagation).await? {
            None => {
                Err(ApiError::invalid_parameter("Role provided in the request does not exist."))
            }
            Some(found) if !found.trusts(SERVICE) => {
                Err(ApiError::invalid_parameter("Trust policy of the role provided is invalid."))
            }
            Some(_) => Ok(()),
        }
    }
}

/// A DNS-1123 label, as namespaces are.
pub(crate) fn is_dns_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.bytes().all(inner)
        && !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.len() <= 63
}

fn malformed(parameter: &str, pattern: &str) -> ApiError {
    ApiError::invalid_parameter(format!(
        "The parameter {parameter} contains invalid characters. It should conform to the regular \
         expression \"{pattern}\""
    ))
}

fn absent(call: &Call) -> ApiError {
    let id = call.path("associationId");
    ApiError::not_found(format!("No association found for id: {id}."))
}
