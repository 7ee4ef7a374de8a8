//! Argo CD and kro as their Helm charts would run them.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::{Value, json};

use crate::support::{argo, create, eventually, graph, graphs, self_managed, synced_and_healthy};

fn application(name: &str, repository: &str, source: &Value) -> Value {
    let mut whole = json!({ "repoURL": repository, "targetRevision": "HEAD" });
    let fields = source.as_object().expect("a source").clone();
    whole.as_object_mut().expect("an object").extend(fields);
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": { "name": name, "finalizers": ["resources-finalizer.argocd.argoproj.io"] },
        "spec": {
            "project": "default",
            "source": whole,
            "destination": { "server": "https://kubernetes.default.svc", "namespace": name },
            "syncPolicy": { "automated": {}, "syncOptions": ["CreateNamespace=true"] },
        },
    })
}

/// Applies the source as an Application and gives the `ConfigMap` that it must have made.
async fn deployed(name: &str, source: Value, map: &str) -> ConfigMap {
    let sandbox = self_managed().await;
    let client = sandbox.kube().expect("a client");
    let applications = gitops_sandbox::argocd::api_resource("Application");
    create(&client, &applications, "argocd", application(name, &sandbox.git_url(), &source)).await;
    let application = synced_and_healthy(&client, name).await;
    let revision = application.data["status"]["sync"]["revision"].as_str().unwrap_or_default();
    assert_eq!(revision.len(), 40, "the revision is a commit: {}", application.data);
    Api::<ConfigMap>::namespaced(client, name).get(map).await.expect("the deployed ConfigMap")
}

fn value<'a>(map: &'a ConfigMap, key: &str) -> Option<&'a str> {
    map.data.as_ref()?.get(key).map(String::as_str)
}

#[tokio::test]
async fn plain_manifests_are_synced_healthy_and_deleted_with_their_application() {
    let map = deployed("plain", json!({ "path": "plain" }), "guestbook").await;
    assert_eq!(value(&map, "greeting"), Some("Welcome"));

    let client = self_managed().await.kube().expect("a client");
    let applications = argo(&client, "Application");
    applications.delete("plain", &DeleteParams::default()).await.expect("a deletion");
    eventually("the end of the application", || async {
        applications
            .get_opt("plain")
            .await
            .map_err(|e| e.to_string())?
            .map_or(Ok(()), |had| Err(had.data.to_string()))
    })
    .await;
    let maps = Api::<ConfigMap>::namespaced(client, "plain");
    assert!(
        maps.get_opt("guestbook").await.expect("an answer").is_none(),
        "the finalizer deleted it"
    );
}

#[tokio::test]
async fn a_kustomize_overlay_is_rendered() {
    let map =
        deployed("overlay", json!({ "path": "kustomize/overlays/staging" }), "staging-settings")
            .await;
    assert_eq!(value(&map, "stage"), Some("staging"));
}

#[tokio::test]
async fn a_helm_chart_is_rendered_with_its_parameters() {
    let helm =
        json!({ "releaseName": "shop", "parameters": [{ "name": "greeting", "value": "Hello" }] });
    let map = deployed("chart", json!({ "path": "chart", "helm": helm }), "shop-guestbook").await;
    assert_eq!(value(&map, "greeting"), Some("Hello"));
}

#[tokio::test]
async fn a_resource_graph_becomes_active() {
    let graphs = graphs(&self_managed().await.kube().expect("a client"));
    graphs.create(&PostParams::default(), &graph("greeting")).await.expect("a created graph");
    eventually("an active graph", || async {
        let graph = graphs.get("greeting").await.map_err(|e| e.to_string())?;
        let status = &graph.data["status"];
        if status["state"] == "Active" { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
}
