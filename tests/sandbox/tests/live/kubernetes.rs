//! The control plane.

use std::fmt::Debug;

use gitops_sandbox::Sandbox;
use gitops_sandbox::aws::Credentials;
use gitops_sandbox::managed::token;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::{eventually, managed};

async fn create<K>(api: &Api<K>, object: Value) -> K
where
    K: Resource + Clone + Debug + DeserializeOwned + Serialize,
{
    let object = serde_json::from_value(object).expect("an object");
    api.create(&PostParams::default(), &object).await.expect("a created object")
}

async fn is_gone<K>(api: &Api<K>, name: &str) -> Result<(), String>
where
    K: Resource + Clone + Debug + DeserializeOwned,
{
    match api.get_opt(name).await {
        Ok(None) => Ok(()),
        Ok(Some(object)) => Err(format!("{object:?}")),
        Err(e) => Err(e.to_string()),
    }
}

async fn namespace(client: &Client, name: &str) -> Api<Namespace> {
    let namespaces = Api::all(client.clone());
    create(&namespaces, json!({ "metadata": { "name": name } })).await;
    namespaces
}

#[tokio::test]
async fn a_deleted_namespace_goes_away_with_what_is_in_it() {
    let client = managed().await.kube().expect("a client");
    let namespaces = namespace(&client, "short-lived").await;
    let maps = Api::<ConfigMap>::namespaced(client, "short-lived");
    create(&maps, json!({ "metadata": { "name": "inside" } })).await;

    namespaces.delete("short-lived", &DeleteParams::default()).await.expect("a deletion");
    eventually("the end of the namespace", || is_gone(&namespaces, "short-lived")).await;
    is_gone(&maps, "inside").await.expect("nothing left inside");
}

#[tokio::test]
async fn an_object_is_collected_after_its_owner() {
    let client = managed().await.kube().expect("a client");
    namespace(&client, "owners").await;
    let maps = Api::<ConfigMap>::namespaced(client, "owners");
    let owner = create(&maps, json!({ "metadata": { "name": "owner" } })).await;
    let reference = owner.owner_ref(&()).expect("a reference");
    create(&maps, json!({ "metadata": { "name": "owned", "ownerReferences": [reference] } })).await;

    maps.delete("owner", &DeleteParams::background()).await.expect("a deletion");
    eventually("the end of the owned", || is_gone(&maps, "owned")).await;
}

#[tokio::test]
async fn the_definitions_of_kargo_are_served_and_validated() {
    let client = managed().await.kube().expect("a client");
    namespace(&client, "kargo-kinds").await;
    let gvk = kube::core::GroupVersionKind::gvk("kargo.akuity.io", "v1alpha1", "Stage");
    let resource = kube::core::ApiResource::from_gvk(&gvk);
    let stages: Api<kube::api::DynamicObject> =
        Api::namespaced_with(client, "kargo-kinds", &resource);
    let stage = json!({
        "apiVersion": "kargo.akuity.io/v1alpha1",
        "kind": "Stage",
        "metadata": { "name": "test" },
        "spec": { "requestedFreight": [] },
    });
    let stage = serde_json::from_value(stage).expect("an object");
    let refused = stages.create(&PostParams::default(), &stage).await.expect_err("a refusal");
    assert!(refused.to_string().contains("spec.requestedFreight"), "{refused}");
}

/// A client that is nobody but what its token says.
fn with_token(sandbox: &Sandbox, credentials: &Credentials, cluster: &str) -> Client {
    let token = token(credentials, cluster, "eu-west-1").expect("a token");
    let mut config = sandbox.control_plane().admin().config.clone();
    config.auth_info = kube::config::AuthInfo { token: Some(token.into()), ..Default::default() };
    Client::try_from(config).expect("a client")
}

#[tokio::test]
async fn a_token_of_the_users_access_key_lets_in_and_others_do_not() {
    let sandbox = managed().await;
    let var = |name| sandbox.var(name).expect("a variable").to_owned();
    let key = Credentials {
        access_key_id: var("AWS_ACCESS_KEY_ID"),
        secret_access_key: var("AWS_SECRET_ACCESS_KEY"),
        session_token: None,
    };
    let client = with_token(sandbox, &key, "sandbox");
    let namespaces = Api::<Namespace>::all(client).list(&ListParams::default()).await;
    namespaces.expect("an administrator's answer");

    let forged = Credentials { secret_access_key: "guessed".to_owned(), ..key.clone() };
    let stranger = Credentials { access_key_id: "AKIAUNKNOWN".to_owned(), ..key.clone() };
    for (who, credentials, cluster) in [
        ("a wrong secret", &forged, "sandbox"),
        ("another cluster", &key, "elsewhere"),
        ("an unknown key", &stranger, "sandbox"),
    ] {
        let client = with_token(sandbox, credentials, cluster);
        let refused = Api::<Namespace>::all(client).list(&ListParams::default()).await;
        let refused = refused.expect_err(who);
        assert!(matches!(&refused, kube::Error::Api(e) if e.code == 401), "{who}: {refused}");
    }
}
