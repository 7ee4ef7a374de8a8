use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use secrecy::SecretString;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::link::Resolved;
use super::super::object::{ObjectKind, ObjectRef};
use super::super::objects::{Freshness, Objects};
use super::super::target::Eks;
use super::super::testing::{Seen, Server, refuse, reply};
use super::super::token::TokenProvider;
use super::*;
use crate::framework::Error;
use crate::framework::wait::Deadline;

const CONFIG_MAP: ObjectKind = ObjectKind::new("v1", "ConfigMap", "configmaps");

/// The AWS side: answers with these in turn, and then with the last.
struct Aws {
    answers: Vec<Result<Resolved, fn() -> Error>>,
    asked: AtomicUsize,
}

#[async_trait]
impl ClusterResolver for Aws {
    async fn resolve(
        &self,
        name: &str,
        region: Option<&str>,
        role_arn: Option<&str>,
    ) -> Result<Resolved> {
        assert_eq!((name, region, role_arn), ("main", Some("eu-west-1"), None));
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        match &self.answers[asked.min(self.answers.len() - 1)] {
            Ok(found) => Ok(found.clone()),
            Err(error) => Err(error()),
        }
    }
}

/// Makes `token-1`, `token-2`, ….
#[derive(Default)]
struct Tokens(AtomicUsize);

#[async_trait]
impl TokenProvider for Tokens {
    async fn token(&self) -> Result<SecretString> {
        Ok(format!("token-{}", self.0.load(Ordering::SeqCst) + 1).into())
    }

    fn invalidate(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn describe(&self) -> String {
        "arn:aws:iam::111122223333:role/ci".into()
    }
}

fn found(server: &Server) -> Resolved {
    Resolved {
        endpoint: format!("https://127.0.0.1:{}", server.port),
        ca_pem: server.ca_pem.clone(),
        token: Arc::new(Tokens::default()),
    }
}

fn main_cluster() -> Target {
    Target::Eks(Eks { name: "main".into(), region: Some("eu-west-1".into()), role_arn: None })
}

fn object() -> ObjectRef {
    CONFIG_MAP.namespaced("default", "one")
}

fn deadline() -> Deadline {
    Deadline::new(Duration::from_secs(30), CancellationToken::new())
}

fn connect(answers: Vec<Result<Resolved, fn() -> Error>>) -> (Arc<Aws>, Objects) {
    let aws = Arc::new(Aws { answers, asked: AtomicUsize::new(0) });
    let clusters = Clusters::new(aws.clone(), Surroundings::default());
    (aws, Objects::new(Arc::new(clusters)))
}

async fn read(objects: &Objects) -> Result<Option<serde_json::Value>> {
    objects.get(&main_cluster(), &object(), Freshness::Now, &deadline()).await
}

async fn open_server() -> Server {
    Server::start(async |_| reply(200, &json!({ "metadata": { "name": "one" } }))).await
}

#[tokio::test]
async fn a_cluster_is_found_once_for_many_requests_and_not_before() {
    let server = open_server().await;
    let (aws, objects) = connect(vec![Ok(found(&server))]);
    assert_eq!(aws.asked.load(Ordering::SeqCst), 0);
    for read in join_all((0..20).map(|_| read(&objects))).await {
        assert!(read.unwrap().is_some());
    }
    assert_eq!((aws.asked.load(Ordering::SeqCst), server.connections()), (1, 1));
}

#[tokio::test]
async fn a_failure_to_find_a_cluster_is_not_kept() {
    let server = open_server().await;
    let denied: fn() -> Error =
        || Error::forbidden("not authorized to perform eks:DescribeCluster");
    let throttled: fn() -> Error = || Error::throttled("rate exceeded");
    let (aws, objects) = connect(vec![Err(denied), Err(throttled), Ok(found(&server))]);
    let error = read(&objects).await.unwrap_err();
    assert!(error.is_forbidden());
    assert_eq!(
        error.to_string(),
        "reading ConfigMap default/one in EKS cluster \"main\" (eu-west-1): finding the way to \
         EKS cluster \"main\" (eu-west-1): not authorized to perform eks:DescribeCluster"
    );
    assert!(read(&objects).await.unwrap().is_some(), "what passes is tried again");
    assert_eq!(aws.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_cluster_that_cannot_be_reached_is_looked_up_anew() {
    let server = open_server().await;
    let gone = Resolved { endpoint: "https://127.0.0.1:1".into(), ..found(&server) };
    let (aws, objects) = connect(vec![Ok(gone), Ok(found(&server))]);
    assert!(read(&objects).await.unwrap().is_some());
    assert_eq!(aws.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_expired_token_is_replaced_within_the_request() {
    let server = Server::start(async |seen: Seen| match seen.header("authorization") {
        "Bearer token-2" => reply(200, &json!({ "metadata": { "name": "one" } })),
        _ => refuse(401, "Unauthorized", "Unauthorized", &json!({})),
    })
    .await;
    let (_, objects) = connect(vec![Ok(found(&server))]);
    assert!(read(&objects).await.unwrap().is_some());
    assert_eq!((server.seen().len(), server.connections()), (2, 1));
}

#[tokio::test]
async fn credentials_that_are_not_accepted_name_the_principal_and_the_access_entry() {
    let server =
        Server::start(async |_| refuse(401, "Unauthorized", "Unauthorized", &json!({}))).await;
    let (_, objects) = connect(vec![Ok(found(&server))]);
    let error = read(&objects).await.unwrap_err();
    assert!(error.is_unauthenticated());
    assert!(error.message().contains("arn:aws:iam::111122223333:role/ci"), "{error}");
    assert!(error.detail().contains("gitops_eks_access_entry"), "{}", error.detail());
}
