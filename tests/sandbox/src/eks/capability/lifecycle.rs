//! A capability's transitions, each a task beside the requests.
//!
//! One tick is one step. Creation: after the first tick the access entry exists and the hook runs;
//! after the second the capability is `ACTIVE`. Update: one tick. Deletion: two.

use std::sync::Arc;

use crate::eks::{
    CapabilityKind,
    access_entry::{self, CapabilityGrant},
    arn::Principal,
    capability::{Capability, CapabilityStatus, Issue, IssueCode, Key, configuration::Change},
    faults::CapabilityOutcome,
    state::{Shared, State, lock},
    update::UpdateStatus,
};

/// An update on its way.
#[derive(Debug)]
pub(super) struct Pending {
    /// The update's id.
    pub(super) update: String,
    /// The new role with its unique id.
    pub(super) role: Option<(Principal, Option<String>)>,
    pub(super) change: Change,
    /// The state to go back to if the update fails.
    pub(super) before: (CapabilityStatus, Vec<Issue>),
}

pub(super) fn create(shared: &Arc<Shared>, key: Key) {
    let of_task = Arc::clone(shared);
    shared.spawn(async move { run_create(&of_task, &key).await });
}

pub(super) fn update(shared: &Arc<Shared>, key: Key, pending: Pending) {
    let of_task = Arc::clone(shared);
    shared.spawn(async move { run_update(&of_task, &key, pending).await });
}

pub(super) fn delete(shared: &Arc<Shared>, key: Key) {
    let of_task = Arc::clone(shared);
    shared.spawn(async move { run_delete(&of_task, &key).await });
}

async fn run_create(shared: &Shared, key: &Key) {
    let slow = shared.faults.strike(&key.name, |outcome| match outcome {
        CapabilityOutcome::SlowStart(ticks) => Some(*ticks),
        _ => None,
    });
    shared.ticks(slow.unwrap_or(0).saturating_add(1)).await;

    let failure = shared.faults.strike(&key.name, |outcome| match outcome {
        CapabilityOutcome::CreateFails(issue) => Some(issue.clone()),
        _ => None,
    });
    if let Some(issue) = failure {
        settle(shared, key, CapabilityStatus::CreateFailed, vec![issue]);
        return;
    }

    let Some(event) =
        with_capability(&mut shared.state(), key, |capability| capability.event(&key.cluster))
    else {
        return;
    };
    grant_access(shared, key);
    let hook = lock(&shared.hooks).capability_active.clone();
    if let Some(hook) = hook
        && let Err(error) = hook(event).await
    {
        tracing::warn!(capability = %key.arn, "hook failed: {error:#}");
        let issue = Issue { code: IssueCode::ClusterUnreachable, message: format!("{error:#}") };
        settle(shared, key, CapabilityStatus::CreateFailed, vec![issue]);
        return;
    }

    shared.ticks(1).await;
    let degraded = shared.faults.strike(&key.name, |outcome| match outcome {
        CapabilityOutcome::BecomesDegraded(issue) => Some(issue.clone()),
        _ => None,
    });
    match degraded {
        Some(issue) => settle(shared, key, CapabilityStatus::Degraded, vec![issue]),
        None => settle(shared, key, CapabilityStatus::Active, Vec::new()),
    }
}

async fn run_update(shared: &Shared, key: &Key, pending: Pending) {
    shared.ticks(1).await;
    let failure = shared.faults.strike(&key.name, |outcome| match outcome {
        CapabilityOutcome::UpdateFails { code, message } => Some((*code, message.clone())),
        _ => None,
    });
    let new_role = pending.role.is_some();
    let succeeded = failure.is_none();
    {
        let mut state = shared.state();
        let Ok(cluster) = state.cluster_mut(&key.cluster) else {
            return;
        };
        if let Some(update) = cluster.updates.get_mut(&pending.update) {
            update.status = if succeeded { UpdateStatus::Successful } else { UpdateStatus::Failed };
            update.error = failure;
        }
        with_capability(&mut state, key, |capability| {
            let (status, issues) = pending.before;
            if !succeeded {
                capability.status = status;
                capability.issues = issues;
                return;
            }
            if let Some((role, unique_id)) = pending.role {
                capability.role = role;
                capability.role_unique_id = unique_id;
            }
            // Refused when the update was asked for, so it cannot fail any more.
            if let Err(error) = pending.change.apply(&mut capability.configuration) {
                tracing::error!(capability = %key.arn, "update not applied: {error:?}");
            }
            capability.settle(CapabilityStatus::Active, Vec::new());
        });
    }
    if new_role && succeeded {
        grant_access(shared, key);
    }
}

async fn run_delete(shared: &Shared, key: &Key) {
    shared.ticks(2).await;
    let failure = shared.faults.strike(&key.name, |outcome| match outcome {
        CapabilityOutcome::DeleteFails(issue) => Some(issue.clone()),
        _ => None,
    });
    if let Some(issue) = failure {
        settle(shared, key, CapabilityStatus::DeleteFailed, vec![issue]);
        return;
    }
    let event =
        with_capability(&mut shared.state(), key, |capability| capability.event(&key.cluster));
    let hook = lock(&shared.hooks).capability_deleted.clone();
    if let (Some(event), Some(hook)) = (event, hook)
        && let Err(error) = hook(event).await
    {
        tracing::warn!(capability = %key.arn, "hook failed: {error:#}");
    }

    let keep_entry = shared.settings().keep_capability_access_entry;
    let mut state = shared.state();
    let mut gone = vec![key.arn.clone()];
    if let Ok(cluster) = state.cluster_mut(&key.cluster) {
        cluster.capabilities.remove(&key.name);
        if !keep_entry {
            let made_here = |entry: &access_entry::AccessEntry| entry.made_for(&key.arn);
            let entries = cluster.access_entries.extract_if(.., |_, entry| made_here(entry));
            gone.extend(entries.map(|(_, entry)| entry.arn));
        }
    }
    for arn in &gone {
        state.forget(arn);
    }
}

/// Lets the capability's role into the cluster, with the policies that its kind works with.
fn grant_access(shared: &Shared, key: &Key) {
    let mut state = shared.state();
    let Ok(cluster) = state.cluster_mut(&key.cluster) else {
        return;
    };
    let Some(capability) = cluster.capabilities.get(&key.name) else {
        return;
    };
    let namespace = capability.configuration.namespace();
    let policies: Vec<(&str, Option<&str>)> = match capability.kind {
        CapabilityKind::Kro => vec![("AmazonEKSKROPolicy", None)],
        CapabilityKind::Ack => vec![("AmazonEKSACKPolicy", None)],
        CapabilityKind::Argocd => {
            vec![("AmazonEKSArgoCDClusterPolicy", None), ("AmazonEKSArgoCDPolicy", namespace)]
        }
    };
    let grant = CapabilityGrant {
        capability: &key.arn,
        role: &capability.role,
        role_unique_id: capability.role_unique_id.clone(),
        policies: &policies,
    };
    let entry = access_entry::for_capability(
        shared,
        &key.cluster,
        cluster.access_entries.get(&capability.role.arn),
        &grant,
    );
    cluster.access_entries.insert(entry.principal.arn.clone(), entry);
}

fn settle(shared: &Shared, key: &Key, status: CapabilityStatus, issues: Vec<Issue>) {
    with_capability(&mut shared.state(), key, |capability| {
        capability.settle(status, issues);
    });
}

/// Works on the capability if it is still the one that the life cycle began with.
fn with_capability<T>(
    state: &mut State,
    key: &Key,
    work: impl FnOnce(&mut Capability) -> T,
) -> Option<T> {
    let cluster = state.cluster_mut(&key.cluster).ok()?;
    let capability = cluster.capabilities.get_mut(&key.name);
    let capability = capability.filter(|capability| capability.arn == key.arn)?;
    Some(work(capability))
}
