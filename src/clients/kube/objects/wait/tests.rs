use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use axum::body::Body;
use futures::stream;
use http::Response;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::super::clusters::Clusters;
use super::super::super::link::Surroundings;
use super::super::super::object::ObjectKind;
use super::super::super::testing::{NoEks, Seen, Server, refuse, reply};
use super::*;
use crate::framework::Error;

const APPLICATION: ObjectKind =
    ObjectKind::new("argoproj.io/v1alpha1", "Application", "applications");

fn web() -> ObjectRef {
    APPLICATION.namespaced("argocd", "web")
}

fn objects() -> Objects {
    Objects::new(Arc::new(Clusters::new(Arc::new(NoEks), Surroundings::default())))
}

fn deadline(millis: u64) -> Deadline {
    Deadline::new(Duration::from_millis(millis), CancellationToken::new())
}

fn health(status: &str) -> Json {
    json!({ "metadata": { "name": "web", "uid": "u" }, "status": { "health": status } })
}

fn list(items: &[Json]) -> Response<Body> {
    reply(200, &json!({ "metadata": { "resourceVersion": "41" }, "items": items }))
}

/// A watch that tells these events and then stays silent.
fn events(events: Vec<Json>) -> Response<Body> {
    let lines = events.into_iter().map(|event| Ok::<_, Error>(format!("{event}\n")));
    let silent = stream::pending();
    Response::new(Body::from_stream(stream::iter(lines).chain(silent)))
}

fn healthy(seen: Option<&Json>) -> Result<Poll<()>> {
    match seen.map(|seen| &seen["status"]["health"]) {
        Some(health) if health == "Healthy" => Ok(Poll::Ready(())),
        Some(health) if health == "Degraded" => Err(Error::failed("it is degraded")),
        Some(health) => Ok(Poll::Pending(format!("health {health}"))),
        None => Ok(Poll::Pending("absent".into())),
    }
}

fn is_watch(seen: &Seen) -> bool {
    seen.path.contains("watch=1")
}

#[tokio::test]
async fn a_wait_follows_the_object_from_a_list_through_a_watch() {
    let server = Server::start(async |seen: Seen| {
        if !is_watch(&seen) {
            return list(&[]);
        }
        events(vec![
            json!({ "type": "ADDED", "object": health("Missing") }),
            json!({ "type": "BOOKMARK", "object": { "kind": "Application",
                    "apiVersion": "argoproj.io/v1alpha1", "metadata": { "resourceVersion": "50" } } }),
            json!({ "type": "MODIFIED", "object": health("Healthy") }),
        ])
    })
    .await;
    let mut saw = Vec::new();
    let judge = |seen: Option<&Json>| {
        saw.push(seen.map(|seen| (seen["kind"].clone(), seen["status"]["health"].clone())));
        healthy(seen)
    };
    objects().wait_for(&server.target(), &web(), "it", &deadline(5_000), judge).await.unwrap();
    let application = json!("Application");
    assert_eq!(
        saw,
        [
            None,
            Some((application.clone(), json!("Missing"))),
            Some((application, json!("Healthy")))
        ]
    );
    let all = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";
    let paths: Vec<_> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(
        paths,
        [
            format!("{all}?fieldSelector=metadata%2Ename%3Dweb"),
            format!(
                "{all}?watch=1&fieldSelector=metadata%2Ename%3Dweb&resourceVersion=41&timeoutSeconds=60"
            ),
        ]
    );
}

#[tokio::test]
async fn a_wait_in_vain_quotes_what_was_seen_last() {
    let server = Server::start(async |seen: Seen| {
        if is_watch(&seen) { events(Vec::new()) } else { list(&[health("Progressing")]) }
    })
    .await;
    let error = objects()
        .wait_for(&server.target(), &web(), "it to be healthy", &deadline(200), healthy)
        .await
        .unwrap_err();
    assert!(error.is_timed_out());
    assert!(error.message().ends_with("the last state seen: health \"Progressing\""), "{error}");
}

#[tokio::test]
async fn a_judge_may_end_a_wait_at_once() {
    let server = Server::start(async |seen: Seen| {
        if is_watch(&seen) { events(Vec::new()) } else { list(&[health("Degraded")]) }
    })
    .await;
    let wait = objects();
    let wait = wait.wait_for(&server.target(), &web(), "it", &deadline(60_000), healthy).await;
    assert_eq!(wait.unwrap_err().message(), "it is degraded");
}

#[tokio::test]
async fn a_watch_that_is_refused_or_ends_is_begun_anew() {
    let watches = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |seen: Seen| {
        let watches = watches.clone();
        async move {
            if !is_watch(&seen) {
                let done = watches.load(Ordering::SeqCst) >= 3;
                return list(&[health(if done { "Healthy" } else { "Missing" })]);
            }
            match watches.fetch_add(1, Ordering::SeqCst) {
                // In the stream, as API servers tell it; as a status; and a stream that just ends.
                0 => events(vec![json!({ "type": "ERROR", "object": {
                    "kind": "Status", "code": 410, "reason": "Expired", "message": "too old" } })]),
                1 => refuse(410, "Expired", "too old", &json!({})),
                _ => Response::new(Body::empty()),
            }
        }
    })
    .await;
    let wait = objects();
    let wait = wait.wait_for(&server.target(), &web(), "it", &deadline(20_000), healthy).await;
    wait.unwrap();
}

#[tokio::test]
async fn where_watching_is_not_allowed_the_object_is_read_again_and_again() {
    let reads = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |seen: Seen| {
        let reads = reads.clone();
        async move {
            if seen.path.contains("fieldSelector") {
                let message = "x is forbidden: User \"a\" cannot list";
                return refuse(403, "Forbidden", message, &json!({}));
            }
            let first = reads.fetch_add(1, Ordering::SeqCst) == 0;
            reply(200, &health(if first { "Missing" } else { "Healthy" }))
        }
    })
    .await;
    let wait = objects();
    let wait = wait.wait_for(&server.target(), &web(), "it", &deadline(10_000), healthy).await;
    wait.unwrap();
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn an_object_is_gone_when_it_is_deleted_or_another_has_its_name() {
    let server = Server::start(async |seen: Seen| {
        if !is_watch(&seen) {
            return list(&[health("Healthy")]);
        }
        events(vec![json!({ "type": "DELETED", "object": health("Healthy") })])
    })
    .await;
    let (objects, target) = (objects(), server.target());
    objects.wait_gone(&target, &web(), Some("u"), &deadline(5_000)).await.unwrap();
    let before = server.seen().len();
    objects.wait_gone(&target, &web(), Some("older"), &deadline(5_000)).await.unwrap();
    assert_eq!(server.seen().len(), before + 2, "the first look was enough");
}

#[tokio::test]
async fn an_object_that_stays_tells_who_holds_it() {
    let server = Server::start(async |seen: Seen| {
        let stuck = json!({
            "metadata": {
                "name": "web", "uid": "u", "deletionTimestamp": "2026-11-21T08:00:00Z",
                "finalizers": ["resources-finalizer.argocd.argoproj.io", "example.com/x"],
            },
            "status": { "conditions": [
                { "type": "DeletionError", "message": "cluster \"spoke\" is unreachable" },
                { "type": "Ready", "status": "True", "message": "fine" },
            ] },
        });
        if is_watch(&seen) { events(Vec::new()) } else { list(&[stuck]) }
    })
    .await;
    let started = Instant::now();
    let error =
        objects().wait_gone(&server.target(), &web(), Some("u"), &deadline(200)).await.unwrap_err();
    assert!(error.is_timed_out() && started.elapsed() < Duration::from_secs(5));
    let text = error.message();
    for part in [
        "marked for deletion at 2026-11-21T08:00:00Z",
        "resources-finalizer.argocd.argoproj.io (removed by Argo CD's application controller",
        "example.com/x",
        "DeletionError: cluster \"spoke\" is unreachable",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(!text.contains("fine"), "{text}");
}

#[tokio::test]
async fn a_cancel_ends_a_silent_wait_at_once() {
    let server = Server::start(async |seen: Seen| {
        if is_watch(&seen) { events(Vec::new()) } else { list(&[health("Missing")]) }
    })
    .await;
    let cancel = CancellationToken::new();
    let deadline = Deadline::new(Duration::from_mins(10), cancel.clone());
    let (objects, target, object) = (objects(), server.target(), web());
    let wait = objects.wait_for(&target, &object, "it", &deadline, healthy);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        cancel.cancel();
    };
    let (ended, ()) = tokio::join!(wait, stop);
    assert!(ended.unwrap_err().is_cancelled());
}

#[test]
fn conditions_tell_what_is_wrong_and_nothing_else() {
    let condition = |kind: &str, status: Json, message: &str| {
        telling(&json!({ "type": kind, "status": status, "message": message }))
    };
    assert!(condition("Ready", json!("True"), "fine").is_none());
    assert_eq!(condition("Ready", json!("False"), "no").unwrap(), "Ready: no");
    assert!(condition("NamespaceContentRemaining", json!("False"), "none").is_none());
    assert!(condition("NamespaceContentRemaining", json!("True"), "2 pods").is_some());
    assert!(condition("SyncError", Json::Null, "bad").is_some());
    assert!(condition("SyncError", Json::Null, "").is_none());
}
