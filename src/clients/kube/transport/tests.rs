use std::sync::Mutex as StdMutex;

use futures::future::join_all;
use http::Method;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::super::cluster::{Answer, Ask, Cluster};
use super::super::clusters::Clusters;
use super::super::error::{Cause, Failure};
use super::super::object::ObjectKind;
use super::super::target::{Direct, Target};
use super::super::testing::{H1, H2, NoEks, Server, reply};
use super::*;

const SECRET: ObjectKind = ObjectKind::new("v1", "Secret", "secrets");

async fn get(cluster: &Cluster, path: &str) -> Result<Answer<Json>, Failure> {
    let path = path.to_string();
    cluster.ask(Ask { method: Method::GET, path, body: None, kind: &SECRET, name: None }).await
}

async fn connect(direct: Direct, surroundings: Surroundings) -> Cluster {
    let clusters = Clusters::new(Arc::new(NoEks), surroundings);
    clusters.get(&Target::Direct(Box::new(direct))).await.unwrap()
}

async fn slow_server(protocols: &[&[u8]]) -> Server {
    Server::speaking(protocols, |request| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        reply(200, &json!({ "path": request.path }))
    })
    .await
}

#[tokio::test]
async fn two_hundred_requests_at_once_share_one_connection() {
    let server = slow_server(H2).await;
    let cluster = connect(server.direct(), Surroundings::default()).await;
    assert_eq!(server.connections(), 0, "nothing is dialled before the first request");
    let requests = (0..200).map(|n| {
        let cluster = cluster.clone();
        async move { get(&cluster, &format!("/x/{n}")).await.unwrap().body }
    });
    let answers = join_all(requests).await;
    assert_eq!(answers[199], json!({ "path": "/x/199" }));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_server_without_http_2_is_spoken_to_in_http_1() {
    let server = slow_server(H1).await;
    let cluster = connect(server.direct(), Surroundings::default()).await;
    let answers = join_all((0..5).map(|_| get(&cluster, "/x"))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(server.connections() <= 5);
}

#[tokio::test]
async fn a_request_says_who_asks_and_keeps_the_base_path() {
    let server = slow_server(H2).await;
    let mut direct = server.direct();
    direct.host.set_path("/clusters/one/");
    let user_agent = "terraform-provider-gitops/0.1.0".to_string();
    let cluster = connect(direct, Surroundings { user_agent, ..Surroundings::default() }).await;
    get(&cluster, "/api/v1/secrets").await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/clusters/one/api/v1/secrets");
    assert_eq!(seen.header("user-agent"), "terraform-provider-gitops/0.1.0");
    assert_eq!(seen.header("authorization"), "Bearer t0ken");
}

#[tokio::test]
async fn a_certificate_from_elsewhere_is_refused_for_good() {
    let (server, other) = (slow_server(H2).await, slow_server(H2).await);
    let mut direct = server.direct();
    direct.cluster_ca_certificate = Some(other.ca_pem.clone());
    let failure = get(&connect(direct, Surroundings::default()).await, "/x").await.unwrap_err();
    assert_eq!(failure.cause, Cause::Other);
    assert!(failure.error.message().contains("certificate authority"), "{}", failure.error);
    assert!(failure.error.detail().contains("cluster_ca_certificate"));
    assert!(server.seen().is_empty(), "no token goes to a stranger");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_accepted_under_that_name_only() {
    let server = slow_server(H2).await;
    let mut direct = server.direct();
    direct.tls_server_name = Some("cluster.test".into());
    get(&connect(direct.clone(), Surroundings::default()).await, "/x").await.unwrap();
    direct.tls_server_name = Some("other.test".into());
    let failure = get(&connect(direct, Surroundings::default()).await, "/x").await.unwrap_err();
    assert!(failure.error.message().contains("is for another name"), "{}", failure.error);
}

#[tokio::test]
async fn insecure_accepts_any_certificate() {
    let server = slow_server(H2).await;
    let direct = Direct { insecure: true, cluster_ca_certificate: None, ..server.direct() };
    get(&connect(direct, Surroundings::default()).await, "/x").await.unwrap();
}

#[tokio::test]
async fn a_refused_connection_says_what_to_check_and_may_be_tried_again() {
    let server = slow_server(H2).await;
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let mut direct = server.direct();
    direct.host.set_port(Some(port)).unwrap();
    let failure = get(&connect(direct, Surroundings::default()).await, "/x").await.unwrap_err();
    assert_eq!(failure.cause, Cause::Unreachable);
    assert!(failure.error.is_transient());
    assert_eq!(
        failure.error.message(),
        format!("https://127.0.0.1:{port} cannot be reached: the connection is refused")
    );
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told_as_such() {
    let server = slow_server(H2).await;
    let mut direct = server.direct();
    direct.host.set_host(Some("no-such-host.invalid")).unwrap();
    let failure = get(&connect(direct, Surroundings::default()).await, "/x").await.unwrap_err();
    assert_eq!(failure.cause, Cause::Unreachable);
    assert!(failure.error.message().ends_with("its name does not resolve"), "{}", failure.error);
}

#[tokio::test]
async fn a_page_that_is_no_json_is_told_as_such() {
    let server = Server::start(async |_| http::Response::new("<html>".into())).await;
    let cluster = connect(server.direct(), Surroundings::default()).await;
    let failure = get(&cluster, "/x").await.unwrap_err();
    assert!(failure.error.message().contains("is not the expected JSON"), "{}", failure.error);
}

/// An HTTP proxy that remembers the heads of the requests made to it.
async fn proxy() -> (String, Arc<StdMutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heads = Arc::new(StdMutex::new(Vec::new()));
    let seen = heads.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let read = client.read(&mut head).await.unwrap();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let host = head.split_whitespace().nth(1).unwrap().to_string();
            seen.lock().unwrap().push(head);
            let mut server = TcpStream::connect(host).await.unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
        }
    });
    (address, heads)
}

#[tokio::test]
async fn a_proxy_of_the_target_is_used_with_its_login() {
    let (server, (address, heads)) = (slow_server(H2).await, proxy().await);
    let mut direct = server.direct();
    direct.proxy_url = Some(format!("http://me:pass@{address}").parse().unwrap());
    get(&connect(direct, Surroundings::default()).await, "/x").await.unwrap();
    let head = heads.lock().unwrap()[0].to_lowercase();
    assert!(head.starts_with(&format!("connect 127.0.0.1:{} http/1.1", server.port)), "{head}");
    assert!(head.contains("proxy-authorization: basic bwu6cgfzcw=="), "{head}");
    assert!(!head.contains("t0ken"), "the proxy does not get the cluster's token");
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_used_unless_the_host_is_exempt() {
    let (server, (address, heads)) = (slow_server(H2).await, proxy().await);
    let https_proxy = Some(format!("http://{address}"));
    let no_proxy = Some("10.0.0.0/8, 127.0.0.1".to_string());
    let exempt =
        Surroundings { https_proxy: https_proxy.clone(), no_proxy, ..Surroundings::default() };
    get(&connect(server.direct(), exempt).await, "/x").await.unwrap();
    assert!(heads.lock().unwrap().is_empty());
    let through = Surroundings { https_proxy, ..Surroundings::default() };
    get(&connect(server.direct(), through).await, "/x").await.unwrap();
    assert_eq!(heads.lock().unwrap().len(), 1);
}
