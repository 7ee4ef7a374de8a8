use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;

/// Makes `token-1`, `token-2`, … and counts how often.
#[derive(Default)]
struct Mint {
    made: AtomicUsize,
    current: StdMutex<Option<usize>>,
    /// Whether the same token comes again and again.
    stubborn: bool,
}

#[async_trait]
impl TokenProvider for Mint {
    async fn token(&self) -> Result<SecretString> {
        let mut current = self.current.lock().unwrap();
        let number = *current.get_or_insert_with(|| self.made.fetch_add(1, Ordering::SeqCst) + 1);
        Ok(format!("token-{}", if self.stubborn { 0 } else { number }).into())
    }

    fn invalidate(&self) {
        *self.current.lock().unwrap() = None;
    }

    fn describe(&self) -> String {
        "the mint".into()
    }
}

/// A server that takes only `good`, remembers what it saw, and answers at the same time.
#[derive(Clone)]
struct Server {
    good: &'static str,
    seen: Arc<StdMutex<Vec<(String, usize)>>>,
    together: Option<Arc<tokio::sync::Barrier>>,
}

impl Server {
    fn taking(good: &'static str) -> Self {
        Self { good, seen: Arc::default(), together: None }
    }

    fn service(
        &self,
    ) -> impl Service<Request<Body>, Response = Response<()>, Error = BoxError, Future: Send>
    + Clone
    + Send
    + 'static {
        let server = self.clone();
        tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let value = request.headers()[AUTHORIZATION].clone();
                assert!(value.is_sensitive());
                let value = value.to_str().unwrap().to_string();
                let body = request.into_body().collect_bytes().await?.len();
                let first = value != server.good;
                server.seen.lock().unwrap().push((value.clone(), body));
                if let Some(together) = server.together.as_ref().filter(|_| first) {
                    together.wait().await;
                }
                let status = if first { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
                let mut response = Response::new(());
                *response.status_mut() = status;
                Ok(response)
            }
        })
    }
}

fn request() -> Request<Body> {
    Request::patch("/x").body(Body::from(b"body".to_vec())).unwrap()
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_request_sent_again_whole() {
    let server = Server::taking("Bearer token-2");
    let mut service =
        Authorize::new(server.service(), Authorization::bearer(Arc::new(Mint::default())));
    let response = service.ready().await.unwrap().call(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let seen = server.seen.lock().unwrap().clone();
    assert_eq!(seen, [("Bearer token-1".into(), 4), ("Bearer token-2".into(), 4)]);
}

#[tokio::test]
async fn a_second_refusal_is_handed_on() {
    let server = Server::taking("Bearer never");
    let mut service =
        Authorize::new(server.service(), Authorization::bearer(Arc::new(Mint::default())));
    let response = service.ready().await.unwrap().call(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(server.seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_sent_once() {
    let server = Server::taking("Bearer never");
    let mint = Mint { stubborn: true, ..Mint::default() };
    let mut service = Authorize::new(server.service(), Authorization::bearer(Arc::new(mint)));
    let response = service.ready().await.unwrap().call(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(server.seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn many_refusals_at_once_make_one_new_token() {
    const MANY: usize = 20;
    let server = Server {
        together: Some(Arc::new(tokio::sync::Barrier::new(MANY))),
        ..Server::taking("Bearer token-2")
    };
    let mint = Arc::new(Mint::default());
    let service = Authorize::new(server.service(), Authorization::bearer(mint.clone()));
    let calls = (0..MANY).map(|_| service.clone().oneshot(request()));
    for response in futures::future::join_all(calls).await {
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(mint.made.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_password_is_sent_as_basic_authentication() {
    // "me:open sesame", by RFC 7617.
    let server = Server::taking("Basic bWU6b3BlbiBzZXNhbWU=");
    let authorization = Authorization::basic("me", "open sesame").unwrap();
    let response =
        Authorize::new(server.service(), authorization).oneshot(request()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_token_that_no_header_can_carry_is_an_error_that_hides_it() {
    let provider = super::super::token::ConfiguredToken("a\nb".into());
    let server = Server::taking("x");
    let error = Authorize::new(server.service(), Authorization::bearer(Arc::new(provider)))
        .oneshot(request())
        .await
        .unwrap_err();
    let error = error.downcast::<Error>().unwrap();
    assert!(error.is_unauthenticated() && !error.message().contains("a\n"));
}
