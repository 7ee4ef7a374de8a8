//! The Kubernetes layer against a real API server.
//!
//! Each test is one on a [`Fixture`]: a cluster in which it may do anything,
//! and a user who may do nothing. They work in namespaces and with types of
//! their own and run at the same time.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value as Json, json};
use terraform_provider_gitops::clients::kube::{
    At, DeleteOptions, Deletion, FIELD_MANAGER, Freshness, ObjectKind, ObjectRef, Propagation,
    WriteOptions, owned_fields, refused_fields, strip_server_fields,
};
use terraform_provider_gitops::framework::wait::Poll;

use self::fixture::{Fixture, seconds, unique};

mod fixture;
mod login;

const NAMESPACE: ObjectKind = ObjectKind::new("v1", "Namespace", "namespaces");
const CONFIG_MAP: ObjectKind = ObjectKind::new("v1", "ConfigMap", "configmaps");
const CRD: ObjectKind = ObjectKind::new(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
);
const ROLE: ObjectKind = ObjectKind::new("rbac.authorization.k8s.io/v1", "Role", "roles");
const ROLE_BINDING: ObjectKind =
    ObjectKind::new("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings");

fn spec(size: i64, mode: &str) -> Json {
    json!({ "spec": { "size": size, "mode": mode, "parts": ["a"] } })
}

#[tokio::test]
async fn an_object_can_be_applied_before_its_type_and_namespace_are_there() {
    let at = &Fixture::start().await;
    let (kind, crd, definition) = Fixture::widget();
    let namespace = unique("late");
    let object = kind.namespaced(&namespace, "one");
    let others = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        at.apply(&crd, definition).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        at.apply(&NAMESPACE.cluster_wide(&namespace), json!({})).await.unwrap();
    };
    let options = WriteOptions::default();
    let deadline = seconds(30);
    let apply = at.objects.apply(&at.admin, &object, spec(1, "on"), &options, &deadline);
    let (applied, ()) = tokio::join!(apply, others);
    assert!(applied.unwrap().created);
}

#[tokio::test]
async fn applying_the_same_again_changes_nothing() {
    let at = &Fixture::start().await;
    let object = at.defined().await.namespaced(at.namespace().await, "one");
    let first = at.apply(&object, spec(1, "on")).await.unwrap();
    let second = at.apply(&object, spec(1, "on")).await.unwrap();
    assert_eq!(first["metadata"]["resourceVersion"], second["metadata"]["resourceVersion"]);
    let mut bare = second;
    strip_server_fields(&mut bare);
    assert_eq!(bare, object_of(&object, spec(1, "on")));
}

fn object_of(object: &ObjectRef, mut content: Json) -> Json {
    content["apiVersion"] = json!(object.kind.api_version);
    content["kind"] = json!(object.kind.kind);
    content["metadata"] = json!({ "name": object.name, "namespace": object.namespace });
    content
}

#[tokio::test]
async fn a_conflict_names_the_field_and_its_owner_and_force_takes_it() {
    let at = &Fixture::start().await;
    let object = at.defined().await.namespaced(at.namespace().await, "one");
    let field = [At::Field("spec"), At::Field("mode")];
    at.apply(&object, spec(1, "on")).await.unwrap();
    let change = json!({ "spec": { "mode": "off" } });
    let deadline = seconds(10);
    let patched = at.objects.patch(&at.admin, &object, None, &change, "somebody", &deadline).await;
    assert!(!owned_fields(&patched.unwrap(), FIELD_MANAGER).contains(&field));

    let error = at.apply(&object, spec(1, "on")).await.unwrap_err();
    assert!(error.is_conflict());
    assert!(error.message().contains(".spec.mode (set by \"somebody\""), "{error}");
    assert_eq!(refused_fields(&error)[0].field, ".spec.mode");

    let options = WriteOptions { force: true, ..WriteOptions::default() };
    let applied = at.objects.apply(&at.admin, &object, spec(1, "on"), &options, &deadline).await;
    let applied = applied.unwrap();
    assert!(!applied.created);
    let owned = owned_fields(&applied.object, FIELD_MANAGER);
    assert!(owned.contains(&field));
    assert_eq!(owned.project(&applied.object), spec(1, "on"));
}

#[tokio::test]
async fn a_wrong_object_is_refused_at_once_with_its_fields() {
    let at = &Fixture::start().await;
    let object = at.defined().await.namespaced(at.namespace().await, "one");
    let started = Instant::now();
    let error = at.apply(&object, spec(0, "sideways")).await.unwrap_err();
    assert!(error.is_invalid());
    let mut fields: Vec<_> = refused_fields(&error).iter().map(|f| f.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["spec.mode", "spec.size"], "{error}");

    for (content, text) in [
        (json!({ "spec": { "size": 1, "colour": "red" } }), ".spec.colour: field not declared"),
        (json!({ "spec": { "size": "one" } }), ".spec.size: expected numeric"),
    ] {
        let error = at.apply(&object, content).await.unwrap_err();
        assert!(error.is_invalid() && error.message().contains(text), "{error}");
    }
    assert!(started.elapsed() < Duration::from_secs(5), "nothing of it is tried again");
}

#[tokio::test]
async fn a_name_is_made_once() {
    let at = &Fixture::start().await;
    let kind = at.defined().await;
    let namespace = at.namespace().await;
    let options = WriteOptions::default();
    let make = |metadata: Json| {
        let mut content = spec(1, "on");
        content["metadata"] = metadata;
        let (kind, namespace, options) = (&kind, &namespace, &options);
        async move {
            at.objects
                .create(&at.admin, kind, Some(namespace), content, options, &seconds(10))
                .await
        }
    };
    make(json!({ "name": "one" })).await.unwrap();
    assert!(make(json!({ "name": "one" })).await.unwrap_err().is_already_exists());
    let generated = make(json!({ "generateName": "gen-" })).await.unwrap();
    assert!(generated["metadata"]["name"].as_str().unwrap().starts_with("gen-"));
    let all =
        at.objects.list(&at.admin, &kind, Some(&namespace), None, &seconds(10)).await.unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|object| object["kind"] == kind.kind.as_ref()));
}

#[tokio::test]
async fn a_finalizer_holds_a_deleted_object_and_the_error_names_it() {
    let at = &Fixture::start().await;
    let object = at.defined().await.namespaced(at.namespace().await, "one");
    let mut content = spec(1, "on");
    content["metadata"] = json!({ "finalizers": ["example.com/held"] });
    let made = at.apply(&object, content).await.unwrap();
    let uid = made["metadata"]["uid"].as_str().unwrap().to_string();

    let stranger = DeleteOptions { uid: Some("other".into()), ..DeleteOptions::default() };
    let error = at.objects.delete(&at.admin, &object, &stranger, &seconds(5)).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");

    let propagation = Propagation::Background;
    let options = DeleteOptions { uid: Some(uid.clone()), propagation };
    let deleted = at.objects.delete(&at.admin, &object, &options, &seconds(5)).await.unwrap();
    assert_eq!(deleted, Deletion::Started);
    let wait = |limit| {
        let (object, uid) = (&object, &uid);
        async move { at.objects.wait_gone(&at.admin, object, Some(uid), &seconds(limit)).await }
    };
    let error = wait(1).await.unwrap_err();
    let held = "example.com/held (set by terraform-provider-gitops)";
    assert!(error.is_timed_out() && error.message().contains(held), "{error}");

    let release = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let change = json!({ "metadata": { "finalizers": null } });
        at.objects.patch(&at.admin, &object, None, &change, "x", &seconds(5)).await.unwrap();
        Instant::now()
    };
    let gone = async {
        wait(10).await.unwrap();
        Instant::now()
    };
    let (released, gone) = tokio::join!(release, gone);
    let late = gone.saturating_duration_since(released);
    assert!(late < Duration::from_millis(500), "told of it after {late:?}");
    let again = at.objects.delete(&at.admin, &object, &options, &seconds(5)).await.unwrap();
    assert_eq!(again, Deletion::Absent);
    assert_eq!(at.get(&object).await, None);
}

#[tokio::test]
async fn a_wait_sees_a_change_of_an_object_that_was_not_there() {
    let at = &Fixture::start().await;
    let object = at.defined().await.namespaced(at.namespace().await, "one");
    let deadline = seconds(20);
    let wait = at.objects.wait_for(&at.admin, &object, "mode off", &deadline, |seen| {
        let mode = seen.map_or(&Json::Null, |seen| &seen["spec"]["mode"]);
        Ok(if mode == "off" { Poll::Ready(()) } else { Poll::Pending(format!("mode {mode}")) })
    });
    let act = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        at.apply(&object, spec(1, "on")).await.unwrap();
        at.apply(&object, spec(1, "off")).await.unwrap();
    };
    let (seen, ()) = tokio::join!(wait, act);
    seen.unwrap();
}

#[tokio::test]
async fn a_type_is_discovered_with_plural_and_scope() {
    let at = &Fixture::start().await;
    let kind = at.defined().await;
    let discover = |version: String, kind: String| async move {
        at.objects.discover(&at.admin, &version, &kind, &seconds(3)).await
    };
    let found = discover(kind.api_version.to_string(), kind.kind.to_string()).await.unwrap();
    assert!(found.namespaced);
    assert_eq!(found.kind, kind);
    let found = discover("v1".into(), "Namespace".into()).await.unwrap();
    assert_eq!((found.kind, found.namespaced), (NAMESPACE, false));
    let error = discover("test.example.com/v1alpha1".into(), "Nothing".into()).await.unwrap_err();
    assert!(error.message().contains("does not serve Nothing of test.example.com"), "{error}");
}

#[tokio::test]
async fn a_definition_with_taken_names_is_not_waited_for() {
    let at = &Fixture::start().await;
    let kind = at.defined().await;
    let (_, crd, mut definition) = Fixture::widget();
    definition["spec"]["names"]["kind"] = json!(kind.kind);
    at.apply(&crd, definition).await.unwrap();
    let wait = at.objects.wait_established(&at.admin, &crd.name, &seconds(60)).await;
    let error = wait.unwrap_err();
    assert!(error.message().contains("are not accepted"), "{error}");
}

#[tokio::test]
async fn an_object_of_another_version_is_not_taken_for_gone() {
    let at = &Fixture::start().await;
    let kind = at.defined().await;
    let namespace = at.namespace().await;
    let newer = ObjectKind { api_version: "test.example.com/v2".into(), ..kind };
    let object = newer.namespaced(&namespace, "one");
    let read = at.objects.get(&at.admin, &object, Freshness::Now, &seconds(5)).await;
    let error = read.unwrap_err();
    assert!(error.message().contains("in v1alpha1 and not in v2"), "{error}");
    let gone = ObjectKind::new("no.example.com/v1", "No", "nos").namespaced(&namespace, "one");
    assert_eq!(at.get(&gone).await, None);
}

#[tokio::test]
async fn a_missing_right_is_told_and_one_that_is_being_given_is_waited_for() {
    let at = &Fixture::start().await;
    let namespace = at.namespace().await;
    let object = CONFIG_MAP.namespaced(&namespace, "one");
    let content = json!({ "data": { "a": "b" } });
    let apply = |new_access: bool| {
        let (object, content) = (&object, content.clone());
        let options = WriteOptions { new_access, ..WriteOptions::default() };
        async move { at.objects.apply(&at.nobody, object, content, &options, &seconds(30)).await }
    };
    let error = apply(false).await.unwrap_err();
    assert!(error.is_forbidden() && error.detail().contains("Role"), "{error}");
    assert!(error.message().contains("User \"nobody\" cannot patch resource"), "{error}");

    let give = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let role = json!({ "rules": [{
            "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch"],
        }] });
        at.apply(&ROLE.namespaced(&namespace, "writer"), role).await.unwrap();
        let group = "rbac.authorization.k8s.io";
        let binding = json!({
            "roleRef": { "apiGroup": group, "kind": "Role", "name": "writer" },
            "subjects": [{ "apiGroup": group, "kind": "User", "name": "nobody" }],
        });
        at.apply(&ROLE_BINDING.namespaced(&namespace, "writer"), binding).await.unwrap();
    };
    let (applied, ()) = tokio::join!(apply(true), give);
    assert!(applied.unwrap().created);

    // Allowed to read it, and neither to list nor to watch.
    let deadline = seconds(10);
    let wait = at.objects.wait_for(&at.nobody, &object, "it", &deadline, |seen| {
        Ok(if seen.is_some() { Poll::Ready(()) } else { Poll::Pending("absent".into()) })
    });
    wait.await.unwrap();
}

#[tokio::test]
async fn three_hundred_objects_are_refreshed_in_few_requests() {
    const COUNT: usize = 300;
    let at = &Fixture::start().await;
    let kind = at.defined().await;
    let namespace = at.namespace().await;
    let object = |n: usize| kind.namespaced(&namespace, format!("w{n}"));
    for some in (0..COUNT).collect::<Vec<_>>().chunks(10) {
        let applies = some.iter().map(|n| {
            let object = object(*n);
            async move { at.apply(&object, spec(1, "on")).await.unwrap() }
        });
        join_all(applies).await;
    }
    let (read_before, listed_before) =
        (Fixture::requests(&kind, "GET").await, Fixture::requests(&kind, "LIST").await);
    // As a new process, which has written nothing.
    let fresh = Fixture::new(at.admin.clone(), at.nobody.clone());
    let mut seen = Vec::new();
    for some in (0..=COUNT).collect::<Vec<_>>().chunks(10) {
        let reads = some.iter().map(|n| {
            let (object, fresh) = (object(*n), &fresh);
            async move {
                let recent = Freshness::Recent;
                let read = fresh.objects.get(&fresh.admin, &object, recent, &seconds(10)).await;
                (object, read.unwrap())
            }
        });
        seen.extend(join_all(reads).await);
    }
    let read = Fixture::requests(&kind, "GET").await - read_before;
    let listed = Fixture::requests(&kind, "LIST").await - listed_before;
    // A list is worth it after a tenth as many reads, of which some are on their way by then.
    assert!((1..=COUNT / 10 + 10).contains(&read), "{read} single reads");
    assert!((1..=3).contains(&listed), "{listed} lists");
    for (object, read) in seen {
        let expected = at.get(&object).await;
        assert_eq!(read, expected, "{object}: the list says what a read says");
    }
}
