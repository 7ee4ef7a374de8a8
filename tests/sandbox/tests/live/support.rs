//! Sandboxes shared by the tests of this process, and waiting.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use gitops_sandbox::{Options, Sandbox, argocd};
use kube::api::{DynamicObject, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// Far more than anything takes, even on a machine that compiles at the same time.
const TIMEOUT: Duration = Duration::from_mins(2);

/// A sandbox as an EKS cluster, on which a capability has to be created first.
///
/// Static and so never dropped: that it ends with this process is one of the things it promises.
pub(crate) async fn managed() -> &'static Sandbox {
    static SANDBOX: OnceCell<Sandbox> = OnceCell::const_new();
    start(&SANDBOX, Options::default()).await
}

/// A sandbox in which Argo CD and kro run from the start, without AWS.
pub(crate) async fn self_managed() -> &'static Sandbox {
    static SANDBOX: OnceCell<Sandbox> = OnceCell::const_new();
    use gitops_sandbox::Part::{Aws, Kargo, Kro};
    let options = Options {
        without: [Aws, Kargo].into(),
        with: [Kro].into(),
        managed: false,
        ..Options::default()
    };
    start(&SANDBOX, options).await
}

async fn start(cell: &'static OnceCell<Sandbox>, options: Options) -> &'static Sandbox {
    cell.get_or_init(|| async {
        let sandbox = Sandbox::start(options).await.expect("a sandbox");
        gitops_sandbox::cli::print_timings(&sandbox);
        sandbox
    })
    .await
}

/// Asks until there is an answer; fails with the last objection.
#[track_caller]
pub(crate) fn eventually<T, E, F, Fut>(what: &str, mut ask: F) -> impl Future<Output = T>
where
    E: Debug,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let caller = std::panic::Location::caller();
    async move {
        let start = Instant::now();
        loop {
            match ask().await {
                Ok(answer) => return answer,
                Err(objection) if start.elapsed() > TIMEOUT => {
                    panic!("{caller}: {what} did not come about in {TIMEOUT:?}: {objection:?}")
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

/// The Applications (or another kind of Argo CD) in its namespace.
pub(crate) fn argo(client: &Client, kind: &str) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), "argocd", &argocd::api_resource(kind))
}

/// Creates an object given as JSON, of a kind that the client has no type for.
pub(crate) async fn create(
    client: &Client,
    resource: &ApiResource,
    namespace: &str,
    object: Value,
) -> DynamicObject {
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, resource);
    let object = serde_json::from_value(object).expect("an object");
    api.create(&PostParams::default(), &object).await.expect("a created object")
}

/// Waits until an Application is both synced and healthy.
pub(crate) async fn synced_and_healthy(client: &Client, name: &str) -> DynamicObject {
    let applications = argo(client, "Application");
    eventually("Synced and Healthy", || async {
        let application = applications.get(name).await.map_err(|e| e.to_string())?;
        let status = &application.data["status"];
        let is = (status["sync"]["status"].as_str(), status["health"]["status"].as_str());
        if is == (Some("Synced"), Some("Healthy")) {
            Ok(application)
        } else {
            Err(status.to_string())
        }
    })
    .await
}

/// kro's graphs.
pub(crate) fn graphs(client: &Client) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("kro.run", "v1alpha1", "ResourceGraphDefinition");
    Api::all_with(client.clone(), &ApiResource::from_gvk(&kind))
}

/// A graph of one `ConfigMap`, and of a kind of its own.
pub(crate) fn graph(name: &str) -> DynamicObject {
    let graph = json!({
        "apiVersion": "kro.run/v1alpha1",
        "kind": "ResourceGraphDefinition",
        "metadata": { "name": name },
        "spec": {
            "schema": {
                "apiVersion": "v1alpha1",
                "kind": "Greeting",
                "spec": { "text": "string" },
            },
            "resources": [{
                "id": "map",
                "template": {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": { "name": "${schema.metadata.name}" },
                    "data": { "text": "${schema.spec.text}" },
                },
            }],
        },
    });
    serde_json::from_value(graph).expect("an object")
}
