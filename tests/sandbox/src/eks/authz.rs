//! The authorisation webhook: a kube-apiserver asks whether a user may do something.
//!
//! Like EKS's own it only ever allows: what no associated policy grants is left to the other
//! authorisers (RBAC), never denied. It knows users by the extra attribute that the
//! [authentication webhook](super::authn) put there, so it has no opinion on anyone else.

mod policies;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use self::policies::Action;
use super::{
    access_entry::AccessEntry, access_policy::policy_name, authn::ENTRY_KEY, state::Shared,
};

/// The parts of a `SubjectAccessReview`'s spec that matter here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    extra: std::collections::BTreeMap<String, Vec<String>>,
    resource_attributes: Option<ResourceAttributes>,
    non_resource_attributes: Option<NonResourceAttributes>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ResourceAttributes {
    namespace: String,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NonResourceAttributes {
    path: String,
    verb: String,
}

/// Answers a `SubjectAccessReview`.
pub(crate) fn review(shared: &Shared, review: &Value) -> Value {
    let status = match serde_json::from_value::<Spec>(review["spec"].clone()) {
        Ok(spec) => match granted_by(shared, &spec) {
            Some(policy) => json!({ "allowed": true, "reason": format!("access policy {policy}") }),
            None => json!({ "allowed": false }),
        },
        Err(error) => json!({ "allowed": false, "evaluationError": error.to_string() }),
    };
    json!({ "apiVersion": review["apiVersion"], "kind": "SubjectAccessReview", "status": status })
}

/// The policy that allows the request, if one does.
fn granted_by(shared: &Shared, spec: &Spec) -> Option<String> {
    let entry_arn = spec.extra.get(ENTRY_KEY)?.first()?;
    let state = shared.state();
    let mut clusters = state.clusters.iter();
    // An entry's ARN ends in an id of its own: one that was deleted is not mistaken for its successor.
    let entry = clusters.find_map(|cluster| {
        let mut entries = cluster.access_entries.values();
        entries.find(|entry| entry.arn == *entry_arn)
    })?;
    let delay = shared.faults.access_propagation();
    let delay = SignedDuration::try_from(delay).unwrap_or(SignedDuration::MAX);
    policy_for(entry, spec, delay)
}

fn policy_for(entry: &AccessEntry, spec: &Spec, delay: SignedDuration) -> Option<String> {
    let (action, namespace) = action(spec)?;
    let now = Timestamp::now();
    for (arn, association) in &entry.policies {
        // Of a new association only: a changed scope leaves no gap.
        let in_force = delay.is_zero() || now.duration_since(association.associated_at) >= delay;
        let name = policy_name(arn)?;
        // Paths such as /healthz are of the whole cluster.
        if in_force && association.scope.covers(namespace) && policies::allow(name, &action) {
            return Some(name.to_owned());
        }
    }
    None
}

/// What is asked for, and the namespace it is in. A request for a namespace itself is in it, as
/// the API server says.
fn action(spec: &Spec) -> Option<(Action, Option<&str>)> {
    if let Some(of) = &spec.resource_attributes {
        let resource = match of.subresource.as_str() {
            "" => of.resource.clone(),
            subresource => format!("{}/{subresource}", of.resource),
        };
        let action = Action::Resource {
            verb: of.verb.clone(),
            group: of.group.clone(),
            resource,
            name: of.name.clone(),
        };
        let namespace = Some(of.namespace.as_str()).filter(|namespace| !namespace.is_empty());
        return Some((action, namespace));
    }
    let of = spec.non_resource_attributes.as_ref()?;
    let action = Action::Path { verb: of.verb.clone(), path: of.path.clone() };
    Some((action, None))
}

#[cfg(test)]
mod tests;
