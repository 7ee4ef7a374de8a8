use std::fmt::{Debug, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use futures::future::join_all;
use http::Response;
use tokio_util::sync::CancellationToken;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context as Scope, Layer, SubscriberExt};

use super::super::link::Surroundings;
use super::super::testing::{NoEks, Seen, Server, refuse, reply};
use super::*;

const APPLICATION: ObjectKind =
    ObjectKind::new("argoproj.io/v1alpha1", "Application", "applications");
const SECRET: ObjectKind = ObjectKind::new("v1", "Secret", "secrets");
const ALL: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";

fn web() -> ObjectRef {
    APPLICATION.namespaced("argocd", "web")
}

fn objects() -> Objects {
    Objects::new(Arc::new(Clusters::new(Arc::new(NoEks), Surroundings::default())))
}

fn deadline() -> Deadline {
    Deadline::new(Duration::from_secs(30), CancellationToken::new())
}

fn application(name: &str) -> Json {
    json!({ "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": { "name": name, "namespace": "argocd", "resourceVersion": "7" } })
}

fn absent(name: &str) -> Response<Body> {
    let details = json!({ "name": name, "group": "argoproj.io", "kind": "applications" });
    refuse(404, "NotFound", "applications.argoproj.io not found", &details)
}

/// Answers each request with the next of these, and then with the last.
async fn answering(answers: Vec<fn(&Seen) -> Response<Body>>) -> Server {
    let asked = Arc::new(AtomicUsize::new(0));
    Server::start(move |seen| {
        let answer = answers[asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)];
        async move { answer(&seen) }
    })
    .await
}

#[tokio::test]
async fn an_apply_is_a_server_side_apply_under_our_name() {
    let server = answering(vec![|_| reply(201, &application("web"))]).await;
    let content = json!({ "spec": { "project": "default" } });
    let applied = objects()
        .apply(&server.target(), &web(), content, &WriteOptions::default(), &deadline())
        .await
        .unwrap();
    assert!(applied.created);
    let seen = &server.seen()[0];
    assert_eq!(seen.method, Method::PATCH);
    assert_eq!(
        seen.path,
        format!(
            "{ALL}/web?fieldManager=terraform%2Dprovider%2Dgitops&force=false&fieldValidation=Strict"
        )
    );
    assert_eq!(seen.header("content-type"), "application/apply-patch+yaml");
    assert_eq!(seen.json()["metadata"], json!({ "name": "web", "namespace": "argocd" }));
    assert_eq!(seen.json()["kind"], "Application");
}

#[tokio::test]
async fn an_apply_waits_for_type_namespace_and_webhook() {
    let server = answering(vec![
        |_| Response::builder().status(404).body("404 page not found".into()).unwrap(),
        |_| {
            let details = json!({ "name": "argocd", "kind": "namespaces" });
            refuse(404, "NotFound", "namespaces \"argocd\" not found", &details)
        },
        |_| refuse(500, "InternalError", "failed calling webhook \"x\"", &json!({})),
        |_| reply(200, &application("web")),
    ])
    .await;
    let applied = objects()
        .apply(&server.target(), &web(), json!({}), &WriteOptions::default(), &deadline())
        .await
        .unwrap();
    assert!(!applied.created);
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn an_error_says_what_was_done_to_what_and_where() {
    let server = answering(vec![|_| refuse(422, "Invalid", "no", &json!({}))]).await;
    let error = objects()
        .apply(&server.target(), &web(), json!({}), &WriteOptions::default(), &deadline())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "applying Application argocd/web in the cluster at https://127.0.0.1:{}: no",
            server.port
        )
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_overloaded_server_is_asked_again_when_it_says() {
    let server = answering(vec![
        |_| {
            let answer = Response::builder().status(429).header("retry-after", "1");
            answer.body("Too many requests, please try again later.".into()).unwrap()
        },
        |_| reply(200, &application("web")),
    ])
    .await;
    let started = Instant::now();
    let read = objects().get(&server.target(), &web(), Freshness::Now, &deadline()).await.unwrap();
    assert!(read.is_some() && started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_object_that_a_webhook_renames_is_removed_again() {
    let server = answering(vec![|_| reply(201, &application("web.01j.abc")), |_| {
        reply(200, &json!({ "kind": "Status", "status": "Success" }))
    }])
    .await;
    let error = objects()
        .apply(&server.target(), &web(), json!({}), &WriteOptions::default(), &deadline())
        .await
        .unwrap_err();
    assert!(
        error.message().contains("renamed Application argocd/web to \"web.01j.abc\""),
        "{error}"
    );
    let seen = server.seen();
    assert_eq!((&seen[1].method, seen[1].path.clone()), (&Method::DELETE, format!("{ALL}/web")));
}

#[tokio::test]
async fn a_create_is_not_sent_again_when_it_may_have_been_carried_out() {
    let server = answering(vec![|_| refuse(503, "", "gone away", &json!({}))]).await;
    let (objects, options) = (objects(), WriteOptions::default());
    let target = server.target();
    let create = objects
        .create(&target, &APPLICATION, Some("argocd"), json!({}), &options, &deadline())
        .await;
    assert!(create.unwrap_err().is_transient());
    assert_eq!(server.seen().len(), 1);
    assert_eq!(server.seen()[0].method, Method::POST);
}

#[tokio::test]
async fn a_taken_name_is_told_as_such() {
    let server = answering(vec![|_| refuse(409, "AlreadyExists", "exists", &json!({}))]).await;
    let (objects, options) = (objects(), WriteOptions::default());
    let target = server.target();
    let create = objects
        .create(&target, &APPLICATION, Some("argocd"), application("web"), &options, &deadline())
        .await;
    assert!(create.unwrap_err().is_already_exists());
}

#[tokio::test]
async fn what_is_there_is_changed_and_what_goes_meanwhile_is_made_anew() {
    let (objects, options, deadline) = (objects(), WriteOptions::default(), deadline());
    let labels = |labels: Json| json!({ "metadata": { "labels": labels } });
    let (content, change) = (labels(json!({ "a": "1", "b": "2" })), labels(json!({ "a": "1" })));
    let server = answering(vec![|_| refuse(409, "AlreadyExists", "exists", &json!({})), |_| {
        reply(200, &application("web"))
    }])
    .await;
    let ensure = |target| {
        let (content, change) = (content.clone(), change.clone());
        let (objects, options, deadline) = (&objects, &options, &deadline);
        async move {
            objects.create_or_patch(&target, &web(), content, &change, options, deadline).await
        }
    };
    assert!(!ensure(server.target()).await.unwrap());
    let seen = server.seen();
    assert_eq!(seen[0].json()["metadata"]["labels"], content["metadata"]["labels"]);
    assert_eq!(
        (seen[1].path.split('?').next(), seen[1].json()),
        (Some(&*format!("{ALL}/web")), change.clone())
    );

    let server = answering(vec![
        |_| refuse(409, "AlreadyExists", "exists", &json!({})),
        |_| absent("web"),
        |_| refuse(409, "AlreadyExists", "exists", &json!({})),
        |_| {
            let mut leaving = application("web");
            leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            reply(200, &leaving)
        },
        |_| refuse(409, "AlreadyExists", "object is being deleted: exists", &json!({})),
        |_| reply(201, &application("web")),
    ])
    .await;
    assert!(ensure(server.target()).await.unwrap());
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn a_patch_is_a_merge_patch_of_another_manager() {
    let server = answering(vec![|_| reply(200, &application("web"))]).await;
    let change = json!({ "metadata": { "annotations": { "a": null } } });
    objects()
        .patch(&server.target(), &web(), Some("status"), &change, "refresher", &deadline())
        .await
        .unwrap();
    let seen = &server.seen()[0];
    assert_eq!(
        seen.path,
        format!("{ALL}/web/status?fieldManager=refresher&fieldValidation=Strict")
    );
    assert_eq!(seen.header("content-type"), "application/merge-patch+json");
    assert_eq!(seen.json(), change);
}

#[tokio::test]
async fn an_absent_object_reads_as_none() {
    let server = answering(vec![|_| absent("web")]).await;
    let read = objects().get(&server.target(), &web(), Freshness::Now, &deadline()).await;
    assert_eq!(read.unwrap(), None);
}

#[tokio::test]
async fn an_object_of_a_type_that_is_gone_reads_as_none_and_of_another_version_does_not() {
    let gone =
        answering(vec![|_| http::Response::builder().status(404).body("404".into()).unwrap()])
            .await;
    let read = objects().get(&gone.target(), &web(), Freshness::Now, &deadline()).await;
    assert_eq!(read.unwrap(), None);
    assert_eq!(gone.seen()[1].path, "/apis/argoproj.io");

    let moved = answering(vec![
        |_| http::Response::builder().status(404).body("404".into()).unwrap(),
        |_| reply(200, &json!({ "versions": [{ "version": "v1" }] })),
    ])
    .await;
    let read = objects().get(&moved.target(), &web(), Freshness::Now, &deadline()).await;
    let error = read.unwrap_err();
    assert!(error.message().contains("serves argoproj.io in v1 and not in v1alpha1"), "{error}");
    assert!(!error.is_not_found());
}

#[tokio::test]
async fn a_delete_tells_what_became_of_the_object() {
    let server = answering(vec![
        |_| reply(200, &json!({ "kind": "Status", "status": "Success" })),
        |_| reply(200, &application("web")),
        |_| absent("web"),
        |_| refuse(409, "Conflict", "the UID in the precondition (a) does not match", &json!({})),
    ])
    .await;
    let (objects, target) = (objects(), server.target());
    let options = DeleteOptions { propagation: Propagation::Foreground, uid: Some("a".into()) };
    for expected in [Deletion::Gone, Deletion::Started, Deletion::Absent] {
        let deleted = objects.delete(&target, &web(), &options, &deadline()).await;
        assert_eq!(deleted.unwrap(), expected);
    }
    let error = objects.delete(&target, &web(), &options, &deadline()).await.unwrap_err();
    assert!(error.is_conflict());
    let body = server.seen()[0].json();
    assert_eq!(body["propagationPolicy"], "Foreground");
    assert_eq!(body["preconditions"], json!({ "uid": "a" }));
}

/// A namespace with `count` Applications, `web-0` and so on; lists have pages of their limit.
async fn namespace(count: usize) -> Server {
    Server::start(move |seen: Seen| async move {
        let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
        let number = |name: &str| name.strip_prefix("web-")?.parse::<usize>().ok();
        if let Some(name) = path.strip_prefix(ALL).and_then(|rest| rest.strip_prefix('/')) {
            return match number(name).filter(|n| *n < count) {
                Some(_) => reply(200, &application(name)),
                None => absent(name),
            };
        }
        let parameter = |name: &str| {
            query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name)
        };
        let limit: usize = parameter("limit").unwrap().1.parse().unwrap();
        let from: usize = parameter("continue").map_or(0, |(_, from)| from.parse().unwrap());
        let to = count.min(from + limit);
        let items: Vec<_> = (from..to).map(|n| application(&format!("web-{n}"))).collect();
        let mut metadata = json!({ "resourceVersion": "9" });
        if to < count {
            metadata["continue"] = json!(to.to_string());
            metadata["remainingItemCount"] = json!(count - to);
        }
        reply(200, &json!({ "metadata": metadata, "items": items }))
    })
    .await
}

async fn refresh(
    objects: &Objects,
    server: &Server,
    names: impl Iterator<Item = usize>,
) -> Vec<Option<Json>> {
    let target = server.target();
    let mut read = Vec::new();
    let names: Vec<_> = names.collect();
    // As many at a time as Terraform does by default.
    for some in names.chunks(10) {
        let reads =
            some.iter().map(|n| {
                let object = APPLICATION.namespaced("argocd", format!("web-{n}"));
                let target = &target;
                async move {
                    objects.get(target, &object, Freshness::Recent, &deadline()).await.unwrap()
                }
            });
        read.extend(join_all(reads).await);
    }
    read
}

#[tokio::test]
async fn a_refresh_of_many_objects_is_a_few_reads_and_one_list() {
    let server = namespace(120).await;
    let read = refresh(&objects(), &server, 0..121).await;
    assert!(
        read[..120].iter().enumerate().all(|(n, object)| {
            object.as_ref().unwrap()["metadata"]["name"] == format!("web-{n}")
        })
    );
    assert_eq!(read[120], None);
    assert!(server.seen().len() <= 12, "{} requests", server.seen().len());
}

#[tokio::test]
async fn a_crowded_namespace_is_not_listed_for_a_few_of_its_objects() {
    let server = namespace(5_000).await;
    assert!(
        refresh(&objects(), &server, (0..5_000).step_by(250)).await.iter().all(Option::is_some)
    );
    let lists =
        server.seen().iter().filter(|seen| seen.path.starts_with(&format!("{ALL}?"))).count();
    assert_eq!(lists, 1);
    assert!(server.seen().len() <= 21, "{} requests", server.seen().len());
}

#[tokio::test]
async fn a_whole_crowded_namespace_is_listed_once_that_pays() {
    let server = namespace(3_000).await;
    assert!(refresh(&objects(), &server, 0..3_000).await.iter().all(Option::is_some));
    assert!(server.seen().len() < 300, "{} requests", server.seen().len());
}

#[tokio::test]
async fn what_was_written_is_read_from_the_server_again() {
    let server = namespace(40).await;
    let objects = objects();
    refresh(&objects, &server, 0..20).await;
    let before = server.seen().len();
    refresh(&objects, &server, 20..21).await;
    assert_eq!(server.seen().len(), before, "from the list");
    let object = APPLICATION.namespaced("argocd", "web-21");
    let delete = DeleteOptions::default();
    objects.delete(&server.target(), &object, &delete, &deadline()).await.unwrap();
    refresh(&objects, &server, 21..22).await;
    assert_eq!(server.seen().len(), before + 2, "from the server");
}

#[tokio::test]
async fn where_lists_are_not_allowed_a_refresh_reads_singly() {
    let server = Server::start(async |seen: Seen| {
        if seen.path.contains('?') {
            return refuse(403, "Forbidden", "x is forbidden: User \"a\" cannot list", &json!({}));
        }
        reply(200, &application(seen.path.rsplit('/').next().unwrap()))
    })
    .await;
    assert!(refresh(&objects(), &server, 0..50).await.iter().all(Option::is_some));
    assert_eq!(server.seen().len(), 51);
}

#[tokio::test]
async fn an_item_of_a_list_has_its_type_like_an_object_read_alone() {
    let server = Server::start(async |seen: Seen| {
        let page = |token: Json, name: &str| {
            json!({ "metadata": { "continue": token }, "items": [{ "metadata": { "name": name } }] })
        };
        match seen.path.as_str() {
            "/api/v1/configmaps?limit=500&labelSelector=a%3Db" => reply(200, &page(json!("n"), "a")),
            "/api/v1/configmaps?limit=500&labelSelector=a%3Db&continue=n" => {
                reply(200, &page(Json::Null, "b"))
            }
            other => panic!("{other}"),
        }
    })
    .await;
    let kind = ObjectKind::new("v1", "ConfigMap", "configmaps");
    let all =
        objects().list(&server.target(), &kind, None, Some("a=b"), &deadline()).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(
        all[1],
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "b" } })
    );
}

/// Writes down everything that anybody logs, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = writeln!(self.0.lock().unwrap(), "{field}={value:?}");
    }
}

impl<S: tracing::Subscriber> Layer<S> for Log {
    fn on_new_span(&self, span: &tracing::span::Attributes<'_>, _: &tracing::Id, _: Scope<'_, S>) {
        span.record(&mut self.clone());
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Scope<'_, S>) {
        event.record(&mut self.clone());
    }
}

#[tokio::test]
async fn no_log_shows_a_token_or_the_data_of_a_secret() {
    // As long as there is one subscriber, tracing asks the thread that comes first
    // to an event whether it is wanted, which may be the thread of another test.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let log = Log::default();
    let _logging =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
    let server = answering(vec![
        // The message repeats the value, as a real one can.
        |seen| refuse(422, "Invalid", &String::from_utf8_lossy(&seen.body), &json!({})),
        |seen| reply(200, &seen.json()),
    ])
    .await;
    let (objects, target) = (objects(), server.target());
    let secret = SECRET.namespaced("argocd", "repo");
    for _ in 0..2 {
        let content = json!({ "data": { "password": "Y2FuYXJ5" } });
        let options = WriteOptions::default();
        let _ = objects.apply(&target, &secret, content, &options, &deadline()).await;
    }
    let log = log.0.lock().unwrap().clone();
    assert!(log.contains("asked the API server") && log.contains("secrets/repo"), "it does log");
    for secret in ["t0ken", "Y2FuYXJ5"] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}
