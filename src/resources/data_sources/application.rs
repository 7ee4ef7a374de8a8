//! An application of Argo CD, as it is.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use crate::clients::kube::Freshness;
use crate::framework::api::{View, project};
use crate::framework::{Attr, DataSource, Diagnostics, Model, Result, Value};
use crate::provider::Provider;
use crate::resources::Operation;
use crate::resources::argocd::{self, application, operation};
use crate::resources::object::{ClusterRef, Kind};

/// Reads an application of Argo CD: how it is, what it has deployed, and from which revision. It is
/// read as it is; nothing is waited for.
#[derive(Clone, Debug, Default, Model)]
pub struct Application {
    /// Name of the application.
    #[attr(required, local, check = crate::framework::checks::dns_subdomain)]
    name: Attr<String>,
    /// Namespace of the application; `argocd` when not set.
    #[attr(local, check = crate::framework::checks::dns_label)]
    namespace: Attr<String>,
    /// The cluster that the application object lives in; the provider's `cluster` when not set.
    #[attr(local)]
    cluster: Attr<ClusterRef>,
    /// Labels of the application object.
    #[attr(computed, api = "/metadata/labels")]
    labels: Attr<BTreeMap<String, String>>,
    /// How it is.
    #[attr(flatten)]
    pub(super) condition: Condition,
    /// What ails it, and what Argo CD warns of; nothing when all is well.
    #[attr(computed, api = "/status/conditions")]
    conditions: Attr<Vec<StatusCondition>>,
    /// Images of what is deployed.
    #[attr(computed, api = "/status/summary/images")]
    images: Attr<Vec<String>>,
    /// URLs by which what is deployed can be reached from outside of the cluster.
    #[attr(computed, api = "/status/summary/externalURLs")]
    external_urls: Attr<Vec<String>>,
    /// The resources of the application.
    #[attr(computed, api = "/status/resources")]
    resources: Attr<Vec<Resource>>,
    /// The operation that goes on, or the last one; null when there never was one.
    #[attr(computed, api = "/status/operationState")]
    operation_state: Attr<OperationState>,
    /// What was deployed before, oldest first: as far as `revision_history_limit` goes.
    #[attr(computed, api = "/status/history")]
    history: Attr<Vec<Deployment>>,
    /// When Argo CD looked at it last, such as `2026-11-21T15:04:05Z`.
    #[attr(computed, api = "/status/reconciledAt")]
    reconciled_at: Attr<String>,
}

/// What a list tells as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Condition {
    /// Name of the project that it belongs to.
    #[attr(computed, api = "/spec/project")]
    project: Attr<String>,
    /// How what is deployed compares with the sources.
    #[attr(computed, api = "/status/sync")]
    sync: Attr<Sync>,
    /// How what is deployed does.
    #[attr(computed, api = "/status/health")]
    health: Attr<Health>,
}

/// How what is deployed compares with the sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Sync {
    /// `Synced`, `OutOfSync` or `Unknown`; null while Argo CD has not looked at it.
    #[attr(computed)]
    status: Attr<String>,
    /// The revision that was compared with: a commit, or a version of a chart. Null for several
    /// sources.
    #[attr(computed)]
    revision: Attr<String>,
    /// The same for several sources, in their order; empty for one.
    #[attr(computed)]
    revisions: Attr<Vec<String>>,
}

/// How something does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Health {
    /// `Healthy`, `Progressing`, `Degraded`, `Suspended`, `Missing` or `Unknown`; null while Argo CD
    /// does not say.
    #[attr(computed)]
    status: Attr<String>,
    /// Why it is so, where Argo CD says.
    #[attr(computed)]
    message: Attr<String>,
}

/// What ails an application, or a warning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct StatusCondition {
    /// Kind of the condition, such as `ComparisonError` or `OrphanedResourceWarning`.
    #[attr(computed)]
    r#type: Attr<String>,
    /// What is wrong.
    #[attr(computed)]
    message: Attr<String>,
    /// Since when.
    #[attr(computed)]
    last_transition_time: Attr<String>,
}

/// A resource of an application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Resource {
    /// Its API group; null for the core group.
    #[attr(computed)]
    group: Attr<String>,
    /// Version of its API.
    #[attr(computed)]
    version: Attr<String>,
    /// Its kind.
    #[attr(computed)]
    kind: Attr<String>,
    /// Its namespace; null for one of the whole cluster.
    #[attr(computed)]
    namespace: Attr<String>,
    /// Its name.
    #[attr(computed)]
    name: Attr<String>,
    /// `Synced`, `OutOfSync` or `Unknown`; null for a hook.
    #[attr(computed)]
    status: Attr<String>,
    /// How it does; null where Argo CD does not keep that with the application.
    #[attr(computed)]
    health: Attr<Health>,
    /// Whether it is a hook.
    #[attr(computed)]
    hook: Attr<bool>,
    /// Whether it is no longer in the sources.
    #[attr(computed)]
    requires_pruning: Attr<bool>,
}

/// An operation, such as a synchronisation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct OperationState {
    /// `Running`, `Terminating`, `Succeeded`, `Failed` or `Error`.
    #[attr(computed)]
    phase: Attr<String>,
    /// How it stands, or what came of it.
    #[attr(computed)]
    message: Attr<String>,
    /// When it began.
    #[attr(computed)]
    started_at: Attr<String>,
    /// When it ended; null while it goes on.
    #[attr(computed)]
    finished_at: Attr<String>,
    /// How often it was tried again.
    #[attr(computed)]
    retry_count: Attr<i64>,
    /// What came of a synchronisation.
    #[attr(computed)]
    sync_result: Attr<SyncResult>,
}

/// What came of a synchronisation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct SyncResult {
    /// The revision that was deployed; null for several sources.
    #[attr(computed)]
    revision: Attr<String>,
    /// The same for several sources, in their order; empty for one.
    #[attr(computed)]
    revisions: Attr<Vec<String>>,
}

/// A deployment of the past.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Deployment {
    /// Its number, by which it can be returned to.
    #[attr(computed)]
    id: Attr<i64>,
    /// The revision that was deployed; null for several sources.
    #[attr(computed)]
    revision: Attr<String>,
    /// The same for several sources, in their order; empty for one.
    #[attr(computed)]
    revisions: Attr<Vec<String>>,
    /// When it was done.
    #[attr(computed)]
    deployed_at: Attr<String>,
}

impl DataSource for Application {
    type Model = Self;
    type Provider = Provider;

    const NAME: &'static str = "application";

    fn validate(config: &Self, diagnostics: &mut Diagnostics) {
        ClusterRef::check(&config.cluster, diagnostics);
    }

    async fn read(cx: &Operation, config: Self) -> Result<Self> {
        let target = cx.provider().target(&config.cluster)?;
        let namespace = config.namespace.as_str().unwrap_or(argocd::NAMESPACE);
        let name = config.name.require("name")?;
        let object = application::Application::OBJECT.namespaced(namespace, name);
        let objects = cx.provider().objects();
        let found = objects.get(&target, &object, Freshness::Now, cx.deadline()).await?;
        let live = found.ok_or_else(|| operation::missing(&object))?;
        seen(&live, &config.into_value())
    }
}

/// What of an application the state shows, by a model whose attributes say where it is.
pub(super) fn seen<M: Model>(live: &Json, prior: &Value) -> Result<M> {
    let seen = project(&M::attributes(), "", &filled(live.clone()), prior, View::Whole);
    M::from_value(seen)
}

/// The object with what Argo CD leaves out when it is empty: expressions may
/// then go through it without asking whether it is there.
fn filled(mut live: Json) -> Json {
    fn put(at: &mut Json, name: &str, empty: Json) {
        if let Json::Object(fields) = at {
            fields.entry(name).or_insert(empty);
        }
    }
    put(&mut live["metadata"], "labels", json!({}));
    put(&mut live, "status", json!({}));
    let status = &mut live["status"];
    for name in ["conditions", "resources", "history"] {
        put(status, name, json!([]));
    }
    for name in ["sync", "health", "summary"] {
        put(status, name, json!({}));
    }
    put(&mut status["sync"], "revisions", json!([]));
    for name in ["images", "externalURLs"] {
        put(&mut status["summary"], name, json!([]));
    }
    if status["operationState"].is_object() {
        let state = &mut status["operationState"];
        put(state, "retryCount", json!(0));
        put(state, "syncResult", json!({}));
        put(&mut state["syncResult"], "revisions", json!([]));
    }
    for deployment in status["history"].as_array_mut().into_iter().flatten() {
        put(deployment, "revisions", json!([]));
    }
    for resource in status["resources"].as_array_mut().into_iter().flatten() {
        for name in ["hook", "requiresPruning"] {
            put(resource, name, json!(false));
        }
    }
    live
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Value {
        Application { name: "shop".to_owned().into(), ..Application::default() }.into_value()
    }

    #[test]
    fn what_is_there_is_shown() {
        let live = json!({
            "metadata": {"name": "shop", "namespace": "argocd", "labels": {"team": "web"}},
            "spec": {"project": "shop"},
            "status": {
                "sync": {"status": "OutOfSync", "revision": "abc", "comparedTo": {"source": {}}},
                "health": {"status": "Degraded", "message": "a pod crashes"},
                "conditions": [{
                    "type": "SyncError", "message": "no", "lastTransitionTime": "2026-01-01T00:00:00Z",
                }],
                "summary": {"images": ["nginx:1"], "externalURLs": ["https://shop.example.com"]},
                "resources": [
                    {"version": "v1", "kind": "Namespace", "name": "shop", "status": "Synced"},
                    {
                        "group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop",
                        "name": "web", "status": "OutOfSync", "requiresPruning": true,
                        "health": {"status": "Degraded"},
                    },
                ],
                "operationState": {
                    "phase": "Failed", "message": "no", "startedAt": "2026-01-01T00:00:00Z",
                    "finishedAt": "2026-01-01T00:00:01Z", "retryCount": 2,
                    "operation": {"sync": {}}, "syncResult": {"revision": "abc", "resources": []},
                },
                "history": [{"id": 3, "revision": "def", "deployedAt": "2025-12-31T00:00:00Z"}],
                "reconciledAt": "2026-01-01T00:00:02Z",
            },
        });
        let found: Application = seen(&live, &config()).unwrap();
        let text = |text: &str| Attr::Known(text.to_owned());
        assert_eq!((&found.name, &found.namespace), (&text("shop"), &Attr::Null));
        assert_eq!(found.labels.known().unwrap()["team"], "web");
        assert_eq!(found.condition.project, text("shop"));
        let sync = found.condition.sync.known().unwrap();
        assert_eq!((&sync.status, &sync.revision), (&text("OutOfSync"), &text("abc")));
        assert_eq!(sync.revisions, Attr::Known(vec![]));
        let health = found.condition.health.known().unwrap();
        assert_eq!(health.message, text("a pod crashes"));
        assert_eq!(found.conditions.known().unwrap()[0].r#type, text("SyncError"));
        assert_eq!(found.images, Attr::Known(vec!["nginx:1".to_owned()]));
        assert_eq!(found.external_urls.known().unwrap().len(), 1);
        let resources = found.resources.known().unwrap();
        assert_eq!((&resources[0].group, &resources[0].health), (&Attr::Null, &Attr::Null));
        assert_eq!(resources[0].requires_pruning, Attr::Known(false));
        assert_eq!(resources[1].requires_pruning, Attr::Known(true));
        assert_eq!(resources[1].health.known().unwrap().status, text("Degraded"));
        let state = found.operation_state.known().unwrap();
        assert_eq!((&state.phase, &state.retry_count), (&text("Failed"), &Attr::Known(2)));
        assert_eq!(state.sync_result.known().unwrap().revision, text("abc"));
        let before = &found.history.known().unwrap()[0];
        assert_eq!((&before.id, &before.revision), (&Attr::Known(3), &text("def")));
        assert_eq!(found.reconciled_at, text("2026-01-01T00:00:02Z"));
    }

    #[test]
    fn an_application_that_nobody_has_looked_at_is_empty_and_not_null() {
        let live = json!({"metadata": {"name": "shop"}, "spec": {"project": "default"}});
        let found: Application = seen(&live, &config()).unwrap();
        assert_eq!(found.condition.sync.known().unwrap().status, Attr::Null);
        assert_eq!(found.condition.health.known().unwrap().status, Attr::Null);
        assert_eq!(found.resources, Attr::Known(vec![]));
        assert_eq!(found.conditions, Attr::Known(vec![]));
        assert_eq!(found.images, Attr::Known(vec![]));
        assert_eq!(found.history, Attr::Known(vec![]));
        assert_eq!(found.operation_state, Attr::Null);
        assert!(found.into_value().is_wholly_known());
    }
}
