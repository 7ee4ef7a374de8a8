//! A stand-in for AWS on loopback, for the tests of this module.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use tokio::net::TcpListener;

use super::Settings;
use super::settings::Endpoints;

pub(super) const ROLE: &str = "arn:aws:iam::123456789012:role/deployer";
pub(super) const OTHER_ROLE: &str = "arn:aws:iam::210987654321:role/reader";

/// A request that was received.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// As sent, which is absolute at a proxy.
    pub(super) uri: String,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    /// The form of the query protocol (IAM, STS), with `Action`.
    pub(super) form: BTreeMap<String, String>,
}

impl Seen {
    pub(super) fn action(&self) -> &str {
        self.form.get("Action").map_or("", String::as_str)
    }

    /// The access key that signed, or nothing.
    pub(super) fn key(&self) -> &str {
        let header = self.headers.get("authorization").map_or("", String::as_str);
        header.split("Credential=").nth(1).and_then(|it| it.split('/').next()).unwrap_or_default()
    }

    /// The region that it was signed for.
    pub(super) fn region(&self) -> &str {
        let header = self.headers.get("authorization").map_or("", String::as_str);
        header.split('/').nth(2).unwrap_or_default()
    }
}

/// What to answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Answer {
    pub(super) fn new(status: u16, body: impl Into<String>) -> Self {
        let headers = vec![("x-amzn-requestid", "request-1".to_owned())];
        Self { status, headers, body: body.into() }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Changes the text of the answer.
    pub(super) fn replace(&mut self, from: &str, to: &str) {
        self.body = self.body.replace(from, to);
    }

    /// An answer that is not from AWS.
    pub(super) fn foreign(status: u16, body: &str) -> Self {
        Self { headers: Vec::new(), ..Self::new(status, body) }
    }

    /// An error of the JSON protocol (EKS).
    pub(super) fn json_error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "message": message }).to_string();
        Self::new(status, body).header("x-amzn-errortype", code)
    }

    /// An error of the query protocol (IAM, STS).
    pub(super) fn xml_error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}\
             </Message></Error><RequestId>request-1</RequestId></ErrorResponse>"
        );
        Self::new(status, body)
    }

    /// The session that `AssumeRole` and its like answer with.
    pub(super) fn session(action: &str, key: &str) -> Self {
        Self::new(
            200,
            format!(
                "<{action}Response><{action}Result><Credentials><AccessKeyId>{key}</AccessKeyId>\
                 <SecretAccessKey>secret</SecretAccessKey><SessionToken>token-of-{key}\
                 </SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>\
                 </{action}Result></{action}Response>"
            ),
        )
    }

    pub(super) fn caller(account: &str, arn: &str) -> Self {
        Self::new(
            200,
            format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn><UserId>U\
                 </UserId><Account>{account}</Account></GetCallerIdentityResult>\
                 </GetCallerIdentityResponse>"
            ),
        )
    }

    /// No capabilities: a small answer of EKS.
    pub(super) fn nothing_listed() -> Self {
        Self::new(200, r#"{"clusters":[]}"#)
    }
}

/// A server that answers as it is told, and remembers what it was asked.
pub(super) struct Fake {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    server: tokio::task::JoinHandle<()>,
}

impl Fake {
    /// Answers each request by what it is and how many came before it.
    pub(super) async fn start(
        answer: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (record, answer) = (seen.clone(), Arc::new(answer));
        let app = axum::Router::new().fallback(move |request: Request| {
            let (record, answer) = (record.clone(), answer.clone());
            async move {
                let request = read(request).await;
                let nth = {
                    let mut record = record.lock().unwrap();
                    record.push(request.clone());
                    record.len() - 1
                };
                write(&answer(&request, nth))
            }
        });
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, seen, server }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The actions and paths that were called, in order.
    pub(super) fn calls(&self) -> Vec<String> {
        let name = |seen: &Seen| match seen.action() {
            "" => seen.path.clone(),
            action => action.to_owned(),
        };
        self.seen().iter().map(name).collect()
    }

    /// Settings that call only this server, with keys of their own.
    pub(super) fn settings(&self) -> Settings {
        let url = Some(self.url.clone());
        let endpoints =
            Endpoints { eks: url.clone(), iam: url.clone(), sts: url.clone(), ecr: url };
        Settings {
            region: Some("eu-west-1".into()),
            access_key: Some("AKIDBASE".into()),
            secret_key: Some("secret".into()),
            skip_metadata_api_check: true,
            endpoints,
            ..Settings::default()
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn read(request: Request) -> Seen {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let form = url::form_urlencoded::parse(&body).into_owned().collect();
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    Seen {
        uri: parts.uri.to_string(),
        path: parts.uri.path().to_owned(),
        headers: parts.headers.iter().map(|(k, v)| (k.to_string(), text(v))).collect(),
        form,
    }
}

fn write(answer: &Answer) -> Response {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(answer.body.clone())).unwrap()
}

/// Runs `test`, the test that calls this, once more: as a process of its own
/// with an environment that holds `variables` and an empty home folder. In that
/// process `body` runs.
///
/// An environment cannot be changed while other threads run.
pub(super) fn in_environment<T: Fn(), F: Future<Output = ()>>(
    _test: T,
    variables: &[(&str, &str)],
    body: impl FnOnce() -> F,
) {
    const CHILD: &str = "GITOPS_TEST_ENVIRONMENT";
    if std::env::var_os(CHILD).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(body());
    }
    let home = tempfile::tempdir().unwrap();
    // The name of a function's type is its path, with the crate in front.
    let (_, name) = std::any::type_name::<T>().split_once("::").unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env_clear()
        .env(CHILD, "1")
        .env("HOME", home.path() as &Path)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
