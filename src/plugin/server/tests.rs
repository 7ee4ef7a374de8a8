use std::convert::Infallible;
use std::future::{Pending, pending};
use std::path::PathBuf;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Response};
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

use super::super::Mode;
use super::super::env::Env;
use super::super::listener::Address;
use super::super::proto::Empty;
use super::super::proto::grpc_broker_client::GrpcBrokerClient;
use super::super::proto::grpc_controller_client::GrpcControllerClient;
use super::super::proto::grpc_stdio_client::GrpcStdioClient;
use super::*;

/// How long a host that has asked for the end waits for calls under way.
const GRACE: Duration = Duration::from_millis(500);

/// A service that takes every call and answers none.
#[derive(Clone)]
struct Silent;

impl NamedService for Silent {
    const NAME: &'static str = "test.Silent";
}

impl Service<Request<Body>> for Silent {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pending<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        pending()
    }
}

/// A server in this process, without TLS.
struct Running {
    socket: PathBuf,
    /// What the service was given.
    cancel: CancellationToken,
    served: JoinHandle<Result<()>>,
    temp: TempDir,
}

impl Running {
    async fn start() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().to_str().unwrap();
        let env = Env::read("gitops", |name| (name == "TMPDIR").then(|| dir.to_owned()));
        let listener = Listener::bind(&env).unwrap();
        let Address::Unix(socket) = listener.address().clone() else { panic!("no unix socket") };
        let lifetime = Lifetime::without_signals(Mode::Child);
        let (sender, receiver) = oneshot::channel();
        let served = tokio::spawn(serve(listener, None, lifetime, |cancel| {
            sender.send(cancel).unwrap();
            Silent
        }));
        Self { socket, cancel: receiver.await.unwrap(), served, temp }
    }

    async fn connect(&self) -> Channel {
        let socket = self.socket.clone();
        Endpoint::from_static("http://localhost")
            .connect_with_connector(service_fn(move |_: Uri| {
                let socket = socket.clone();
                async move { UnixStream::connect(socket).await.map(TokioIo::new) }
            }))
            .await
            .unwrap()
    }

    async fn shut_down(&self) {
        let mut controller = GrpcControllerClient::new(self.connect().await);
        controller.shutdown(Empty {}).await.unwrap();
    }
}

#[tokio::test]
async fn an_idle_server_ends_at_once_when_asked() {
    let server = Running::start().await;
    let _idle = server.connect().await;
    let asked = Instant::now();
    server.shut_down().await;
    server.served.await.unwrap().unwrap();
    assert!(asked.elapsed() < GRACE, "{:?}", asked.elapsed());
}

#[tokio::test]
async fn open_streams_end_with_the_server() {
    let server = Running::start().await;
    let channel = server.connect().await;
    let offers = tokio_stream::pending();
    let mut broker =
        GrpcBrokerClient::new(channel.clone()).start_stream(offers).await.unwrap().into_inner();
    let mut stdio = GrpcStdioClient::new(channel).stream_stdio(()).await.unwrap().into_inner();

    let asked = Instant::now();
    server.shut_down().await;
    assert_eq!(broker.message().await.unwrap(), None);
    assert_eq!(stdio.message().await.unwrap(), None);
    server.served.await.unwrap().unwrap();
    assert!(asked.elapsed() < GRACE, "{:?}", asked.elapsed());
}

#[tokio::test]
async fn a_call_that_does_not_end_delays_the_end_by_no_more_than_the_grace() {
    let server = Running::start().await;
    let channel = server.connect().await;
    let call = tokio::spawn(async move {
        let mut client = tonic::client::Grpc::new(channel);
        client.ready().await.unwrap();
        let path = http::uri::PathAndQuery::from_static("/test.Silent/Call");
        client
            .unary(tonic::Request::new(Empty {}), path, ProstCodec::<Empty, Empty>::default())
            .await
    });
    // Until the call is certainly under way: a later one on the same server has been answered.
    tokio::task::yield_now().await;
    let probe = GrpcStdioClient::new(server.connect().await).stream_stdio(()).await;
    assert!(probe.is_ok() && !call.is_finished());

    let asked = Instant::now();
    server.shut_down().await;
    server.cancel.cancelled().await;
    assert!(asked.elapsed() < GRACE, "told the service after {:?}", asked.elapsed());
    server.served.await.unwrap().unwrap();
    assert!(asked.elapsed() < GRACE * 2, "{:?}", asked.elapsed());
    // What is left of it ends with the process.
    call.abort();
}

#[tokio::test]
async fn the_socket_is_removed_at_the_end() {
    let server = Running::start().await;
    assert!(server.socket.exists());
    server.shut_down().await;
    server.served.await.unwrap().unwrap();
    assert_eq!(std::fs::read_dir(server.temp.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn one_connection_carries_as_many_calls_as_core_sends() {
    let server = Running::start().await;
    let channel = server.connect().await;
    let mut calls = JoinSet::new();
    for _ in 0..500 {
        let mut stdio = GrpcStdioClient::new(channel.clone());
        calls.spawn(async move { stdio.stream_stdio(()).await.unwrap() });
    }
    // All of them stay open, so that none can be answered for another having ended.
    let open = timeout(Duration::from_secs(10), calls.join_all()).await.unwrap();
    assert_eq!(open.len(), 500);
}
