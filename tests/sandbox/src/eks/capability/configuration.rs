//! A capability's configuration: what a create may say, what an update may change.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use crate::eks::{
    CapabilityKind,
    arn::{Arn, dns_suffix},
    error::ApiError,
    input::Input,
    pod_identity::is_dns_label,
    state::{Shared, random_id},
};

/// IAM Identity Center's roles in Argo CD.
const ROLES: [&str; 3] = ["ADMIN", "EDITOR", "VIEWER"];

/// Identities over all roles of one capability.
const MAX_IDENTITIES: usize = 1000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Configuration {
    ArgoCd(Box<ArgoCd>),
    Ack(Ack),
    Kro,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct ArgoCd {
    namespace: String,
    idc_instance_arn: String,
    idc_region: String,
    idc_managed_application_arn: String,
    role_mappings: RoleMappings,
    vpce_ids: Option<Vec<String>>,
    endpoint_prefix: Option<String>,
    server_url: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ack {
    enable_cross_namespace: bool,
    disabled_services: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Identity {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Identities by role. A role without identities has no mapping.
type RoleMappings = BTreeMap<String, BTreeSet<Identity>>;

impl Configuration {
    pub(super) fn create(
        shared: &Shared,
        kind: CapabilityKind,
        input: Option<&Input<'_>>,
    ) -> Result<Self, ApiError> {
        refuse_other_kinds(kind, input)?;
        match kind {
            CapabilityKind::Kro => Ok(Self::Kro),
            CapabilityKind::Ack => {
                let ack = input.map(|input| input.structure("ack")).transpose()?;
                let ack = ack.flatten().map(|ack| AckChange::parse(&ack));
                let change = ack.transpose()?.unwrap_or_default();
                let mut ack = Ack::default();
                change.apply(&mut ack);
                Ok(Self::Ack(ack))
            }
            CapabilityKind::Argocd => {
                let argo_cd = input.map(|input| input.structure("argoCd")).transpose()?;
                let argo_cd = argo_cd.flatten().ok_or_else(|| {
                    ApiError::invalid_parameter(
                        "configuration.argoCd is required for a capability of type ARGOCD",
                    )
                })?;
                Ok(Self::ArgoCd(Box::new(ArgoCd::create(shared, &argo_cd)?)))
            }
        }
    }

    /// The namespace that an Argo CD capability works in.
    pub(super) fn namespace(&self) -> Option<&str> {
        match self {
            Self::ArgoCd(argo_cd) => Some(&argo_cd.namespace),
            Self::Ack(_) | Self::Kro => None,
        }
    }

    /// `started` adds what EKS computes once the capability runs.
    pub(super) fn render(&self, started: bool) -> Value {
        match self {
            Self::Kro => json!({}),
            Self::Ack(ack) => json!({
                "ack": {
                    "enableCrossNamespace": ack.enable_cross_namespace,
                    "disabledServices": ack.disabled_services.as_deref().unwrap_or_default(),
                },
            }),
            Self::ArgoCd(argo_cd) => json!({ "argoCd": argo_cd.render(started) }),
        }
    }
}

impl ArgoCd {
    fn create(shared: &Shared, input: &Input<'_>) -> Result<Self, ApiError> {
        let namespace = input.string("namespace")?.unwrap_or("argocd");
        if !is_dns_label(namespace) {
            let constraint = "Member must be a valid Kubernetes namespace";
            return Err(input.violation("namespace", namespace, constraint));
        }
        let idc = input.required_structure("awsIdc")?;
        let instance = idc.required_string("idcInstanceArn")?;
        let instance_id = Arn::parse(instance)
            .filter(|arn| arn.service == "sso")
            .and_then(|arn| arn.resource.strip_prefix("instance/"));
        let instance_id = instance_id.ok_or_else(|| {
            let constraint = "Member must be the ARN of an IAM Identity Center instance";
            idc.violation("idcInstanceArn", instance, constraint)
        })?;
        let endpoint_prefix = endpoint_prefix(input)?;

        let id = random_id(16);
        let host = match endpoint_prefix {
            Some(prefix) => format!("{prefix}-{id}"),
            None => id.clone(),
        };
        let (region, suffix) = (&shared.region, dns_suffix(shared.partition));
        let (partition, account) = (shared.partition, &shared.account_id);
        let mut argo_cd = Self {
            namespace: namespace.to_owned(),
            idc_instance_arn: instance.to_owned(),
            idc_region: idc.string("idcRegion")?.unwrap_or(region).to_owned(),
            idc_managed_application_arn: format!(
                "arn:{partition}:sso::{account}:application/{instance_id}/apl-{id}"
            ),
            role_mappings: RoleMappings::new(),
            vpce_ids: vpce_ids(input)?,
            endpoint_prefix: endpoint_prefix.map(str::to_owned),
            server_url: format!("https://{host}.eks-capabilities.{region}.{suffix}"),
        };
        let mappings = role_mappings(input.structures("rbacRoleMappings")?)?;
        merge(&mut argo_cd.role_mappings, &mappings, &RoleMappings::new())?;
        Ok(argo_cd)
    }

    fn render(&self, started: bool) -> Value {
        let mut rendered = json!({
            "namespace": self.namespace,
            "awsIdc": { "idcInstanceArn": self.idc_instance_arn, "idcRegion": self.idc_region },
            "rbacRoleMappings": render_mappings(&self.role_mappings),
        });
        if let Some(vpce_ids) = &self.vpce_ids {
            rendered["networkAccess"] = json!({ "vpceIds": vpce_ids });
        }
        if let Some(prefix) = &self.endpoint_prefix {
            rendered["endpointPrefix"] = json!(prefix);
        }
        if started {
            rendered["serverUrl"] = json!(self.server_url);
            rendered["awsIdc"]["idcManagedApplicationArn"] =
                json!(self.idc_managed_application_arn);
        }
        rendered
    }
}

/// What an update changes. An absent member is unchanged.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    add: RoleMappings,
    remove: RoleMappings,
    vpce_ids: Option<Vec<String>>,
    ack: AckChange,
}

#[derive(Clone, Debug, Default)]
struct AckChange {
    enable_cross_namespace: Option<bool>,
    disabled_services: Option<Vec<String>>,
}

impl Change {
    pub(super) fn parse(kind: CapabilityKind, input: Option<&Input<'_>>) -> Result<Self, ApiError> {
        refuse_other_kinds(kind, input)?;
        let mut change = Self::default();
        let Some(input) = input else {
            return Ok(change);
        };
        if let Some(argo_cd) = input.structure("argoCd")? {
            for fixed in ["namespace", "awsIdc", "endpointPrefix"] {
                if argo_cd.has(fixed) {
                    return Err(ApiError::invalid_parameter(format!(
                        "configuration.argoCd.{fixed} cannot be updated"
                    )));
                }
            }
            change.vpce_ids = vpce_ids(&argo_cd)?;
            if let Some(mappings) = argo_cd.structure("rbacRoleMappings")? {
                change.add = role_mappings(mappings.structures("addOrUpdateRoleMappings")?)?;
                change.remove = role_mappings(mappings.structures("removeRoleMappings")?)?;
            }
        }
        if let Some(ack) = input.structure("ack")? {
            change.ack = AckChange::parse(&ack)?;
        }
        Ok(change)
    }

    /// The change as parameters of an update; empty if nothing changes.
    pub(super) fn params(&self) -> Vec<(&'static str, String)> {
        let mappings = |mappings: &RoleMappings| {
            let filled = !mappings.is_empty();
            filled.then(|| render_mappings(mappings).to_string())
        };
        let vpce_ids = self.vpce_ids.as_ref();
        let cross_namespace = self.ack.enable_cross_namespace;
        let services = self.ack.disabled_services.as_ref();
        let params = [
            ("RoleMappingsToAddOrUpdate", mappings(&self.add)),
            ("RoleMappingsToRemove", mappings(&self.remove)),
            ("NetworkAccess", vpce_ids.map(|ids| json!({ "vpceIds": ids }).to_string())),
            ("EnableCrossNamespace", cross_namespace.map(|flag| flag.to_string())),
            ("DisabledServices", services.map(|services| json!(services).to_string())),
        ];
        let given = params.into_iter();
        given.filter_map(|(kind, value)| Some((kind, value?))).collect()
    }

    pub(super) fn apply(&self, configuration: &mut Configuration) -> Result<(), ApiError> {
        match configuration {
            Configuration::Kro => {}
            Configuration::Ack(ack) => self.ack.apply(ack),
            Configuration::ArgoCd(argo_cd) => {
                merge(&mut argo_cd.role_mappings, &self.add, &self.remove)?;
                if let Some(vpce_ids) = &self.vpce_ids {
                    argo_cd.vpce_ids = Some(vpce_ids.clone());
                }
            }
        }
        Ok(())
    }
}

impl AckChange {
    fn parse(input: &Input<'_>) -> Result<Self, ApiError> {
        let services = input.strings("disabledServices")?;
        for service in services.iter().flatten() {
            let mut letters = service.chars();
            let well_formed = letters.next().is_some_and(|c| c.is_ascii_lowercase())
                && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
                && service.len() <= 63;
            if !well_formed {
                let constraint = "Member must satisfy regular expression pattern: ^[a-z][a-z0-9]*$ of length 1 to 63";
                return Err(input.violation("disabledServices", service, constraint));
            }
        }
        if services.as_ref().is_some_and(|services| services.len() > 200) {
            let constraint = "Member must have length less than or equal to 200";
            return Err(input.violation("disabledServices", "[…]", constraint));
        }
        Ok(Self {
            enable_cross_namespace: input.boolean("enableCrossNamespace")?,
            disabled_services: services,
        })
    }

    fn apply(&self, ack: &mut Ack) {
        if let Some(flag) = self.enable_cross_namespace {
            ack.enable_cross_namespace = flag;
        }
        if let Some(services) = &self.disabled_services {
            ack.disabled_services = Some(services.clone());
        }
    }
}

/// Refuses settings of another kind of capability, which the API's reference calls unused.
fn refuse_other_kinds(kind: CapabilityKind, input: Option<&Input<'_>>) -> Result<(), ApiError> {
    for (member, of) in [("argoCd", CapabilityKind::Argocd), ("ack", CapabilityKind::Ack)] {
        if kind != of && input.is_some_and(|input| input.has(member)) {
            return Err(ApiError::invalid_parameter(format!(
                "configuration.{member} is not allowed for a capability of type {}",
                kind.name()
            )));
        }
    }
    Ok(())
}

fn endpoint_prefix<'a>(input: &Input<'a>) -> Result<Option<&'a str>, ApiError> {
    let Some(prefix) = input.string("endpointPrefix")? else {
        return Ok(None);
    };
    if prefix.len() > 50 || !is_dns_label(prefix) {
        let constraint = "Member must satisfy regular expression pattern: \
                          ^[a-z0-9]([a-z0-9-]*[a-z0-9])?$ of length 1 to 50";
        return Err(input.violation("endpointPrefix", prefix, constraint));
    }
    Ok(Some(prefix))
}

/// The VPC endpoints of `networkAccess`; an empty list means the public endpoint again.
fn vpce_ids(input: &Input<'_>) -> Result<Option<Vec<String>>, ApiError> {
    let Some(access) = input.structure("networkAccess")? else {
        return Ok(None);
    };
    let ids = access.strings("vpceIds")?;
    for id in ids.iter().flatten() {
        if !id.starts_with("vpce-") {
            let constraint = "Member must be the id of a VPC endpoint (vpce-…)";
            return Err(access.violation("vpceIds", id, constraint));
        }
    }
    Ok(ids)
}

fn role_mappings(inputs: Option<Vec<Input<'_>>>) -> Result<RoleMappings, ApiError> {
    let mut mappings = RoleMappings::new();
    for input in inputs.unwrap_or_default() {
        let role = input.required_choice("role", &ROLES)?;
        let identities = input.required_structures("identities")?;
        if identities.is_empty() {
            let constraint = "Member must have length greater than or equal to 1";
            return Err(input.violation("identities", "[]", constraint));
        }
        let of_role: &mut BTreeSet<Identity> = mappings.entry(role.to_owned()).or_default();
        for identity in identities {
            let kinds = ["SSO_USER", "SSO_GROUP"];
            of_role.insert(Identity {
                id: identity.required_string("id")?.to_owned(),
                kind: identity.required_choice("type", &kinds)?.to_owned(),
            });
        }
    }
    Ok(mappings)
}

fn merge(
    mappings: &mut RoleMappings,
    add: &RoleMappings,
    remove: &RoleMappings,
) -> Result<(), ApiError> {
    for (role, identities) in remove {
        if let Some(both) = add.get(role)
            && let Some(identity) = identities.intersection(both).next()
        {
            return Err(ApiError::invalid_parameter(format!(
                "Identity {} is both to be added to role {role} and to be removed from it",
                identity.id
            )));
        }
        if let Some(present) = mappings.get_mut(role) {
            present.retain(|identity| !identities.contains(identity));
        }
    }
    for (role, identities) in add {
        let present = mappings.entry(role.clone()).or_default();
        present.extend(identities.iter().cloned());
    }
    mappings.retain(|_, identities| !identities.is_empty());
    let count: usize = mappings.values().map(BTreeSet::len).sum();
    if count > MAX_IDENTITIES {
        return Err(ApiError::invalid_parameter(format!(
            "A capability can have at most {MAX_IDENTITIES} identities in its role mappings, got {count}"
        )));
    }
    Ok(())
}

fn render_mappings(mappings: &RoleMappings) -> Value {
    let mappings = mappings.iter();
    let rendered =
        mappings.map(|(role, identities)| json!({ "role": role, "identities": identities }));
    Value::Array(rendered.collect())
}

#[cfg(test)]
mod tests;
