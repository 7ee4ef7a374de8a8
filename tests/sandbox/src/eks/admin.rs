//! `/_sandbox/`: what is not EKS's API. The webhooks, and for other processes what
//! [`Emulator`](super::Emulator) offers in Rust.
//!
//! | request | does |
//! |---|---|
//! | `POST webhooks/authn[/CLUSTER]` | `TokenReview`, of the first cluster or of the named one |
//! | `POST webhooks/authz` | `SubjectAccessReview` |
//! | `GET state` | everything, by cluster |
//! | `GET`, `PUT`, `DELETE faults` | the [`FaultPlan`] in force: read, replace, clear |
//! | `GET`, `DELETE calls` | the calls of the API so far: read, forget |
//! | `GET`, `PUT settings` | the [`Settings`] |
//! | `GET operations` | the names of the operations served |
//! | `PUT clusters/CLUSTER` | adds a cluster or replaces its endpoint, certificate and version |
//! | `PUT clusters/CLUSTER/status`, `…/authentication-mode` | a JSON string |
//! | `PUT clusters/CLUSTER/capabilities/NAME/status` | `{ "status": …, "issues": […] }` |
//! | `PUT access-keys` | adds an [`AccessKey`] |

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Json, Response},
    routing::{get, post, put},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    AccessKey, AuthenticationMode, CapabilityStatus, ClusterSpec, ClusterStatus, FaultPlan, Issue,
    Settings, authn, authz,
    operation::Operation,
    state::{Shared, lock},
};

/// Where the webhooks are, without the cluster.
pub(crate) const AUTHN_PATH: &str = "/_sandbox/webhooks/authn";
pub(crate) const AUTHZ_PATH: &str = "/_sandbox/webhooks/authz";

type Context = State<Arc<Shared>>;

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(AUTHN_PATH, post(authenticate_first))
        .route("/_sandbox/webhooks/authn/{cluster}", post(authenticate))
        .route(AUTHZ_PATH, post(authorize))
        .route("/_sandbox/state", get(state))
        .route("/_sandbox/faults", get(faults).put(set_faults).delete(clear_faults))
        .route("/_sandbox/calls", get(calls).delete(forget_calls))
        .route("/_sandbox/settings", get(settings).put(set_settings))
        .route("/_sandbox/operations", get(operations))
        .route("/_sandbox/access-keys", put(add_access_key))
        .route("/_sandbox/clusters/{cluster}", put(add_cluster))
        .route("/_sandbox/clusters/{cluster}/status", put(set_status))
        .route("/_sandbox/clusters/{cluster}/authentication-mode", put(set_mode))
        .route("/_sandbox/clusters/{cluster}/capabilities/{capability}/status", put(set_capability))
}

async fn authenticate_first(State(shared): Context, Json(review): Json<Value>) -> Json<Value> {
    Json(authn::review(&shared, None, &review).await)
}

async fn authenticate(
    State(shared): Context,
    Path(cluster): Path<String>,
    Json(review): Json<Value>,
) -> Json<Value> {
    Json(authn::review(&shared, Some(&cluster), &review).await)
}

async fn authorize(State(shared): Context, Json(review): Json<Value>) -> Json<Value> {
    Json(authz::review(&shared, &review))
}

async fn state(State(shared): Context) -> Json<Value> {
    Json(shared.state().dump())
}

async fn faults(State(shared): Context) -> Json<FaultPlan> {
    Json(shared.faults.plan())
}

async fn set_faults(State(shared): Context, Json(plan): Json<FaultPlan>) {
    shared.faults.set(plan);
}

async fn clear_faults(State(shared): Context) {
    shared.faults.clear();
}

async fn calls(State(shared): Context) -> Response {
    Json(shared.calls.all()).into_response()
}

async fn forget_calls(State(shared): Context) {
    shared.calls.clear();
}

async fn settings(State(shared): Context) -> Json<Settings> {
    Json(shared.settings())
}

async fn set_settings(State(shared): Context, Json(settings): Json<Settings>) {
    *lock(&shared.settings) = settings;
}

async fn operations() -> Json<Vec<&'static str>> {
    Json(Operation::ALL.iter().map(|operation| operation.name()).collect())
}

async fn add_access_key(State(shared): Context, Json(key): Json<AccessKey>) {
    shared.add_access_key(key);
}

async fn add_cluster(
    State(shared): Context,
    Path(cluster): Path<String>,
    Json(spec): Json<ClusterSpec>,
) -> Response {
    if spec.name != cluster {
        let message = format!("the path names cluster {cluster:?}, the body {:?}", spec.name);
        return (StatusCode::BAD_REQUEST, message).into_response();
    }
    shared.add_cluster(spec);
    StatusCode::OK.into_response()
}

async fn set_status(
    State(shared): Context,
    Path(cluster): Path<String>,
    Json(status): Json<ClusterStatus>,
) -> Response {
    answer(shared.set_cluster_status(&cluster, status))
}

async fn set_mode(
    State(shared): Context,
    Path(cluster): Path<String>,
    Json(mode): Json<AuthenticationMode>,
) -> Response {
    answer(shared.set_authentication_mode(&cluster, mode))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CapabilityState {
    status: CapabilityStatus,
    #[serde(default)]
    issues: Vec<Issue>,
}

async fn set_capability(
    State(shared): Context,
    Path((cluster, capability)): Path<(String, String)>,
    Json(to): Json<CapabilityState>,
) -> Response {
    answer(shared.set_capability_status(&cluster, &capability, to.status, to.issues))
}

fn answer(result: anyhow::Result<()>) -> Response {
    match result {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            let body = Json(json!({ "error": format!("{error:#}") }));
            (StatusCode::NOT_FOUND, body).into_response()
        }
    }
}
