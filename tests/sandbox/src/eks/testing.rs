//! What the tests share: an emulator with a client, and a small IAM and STS.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{RawForm, State},
    routing::get,
};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::Full;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

use super::{
    ClusterSpec, Emulator, EmulatorConfig,
    state::{Shared, lock, pause},
};
use crate::http_client::{HttpClient, HttpResponse};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";
/// Longer than any answer takes, even on a machine that compiles at the same time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
pub(crate) const TICK: Duration = Duration::from_millis(20);

/// A configuration with the cluster `demo`.
pub(crate) fn config() -> EmulatorConfig {
    EmulatorConfig { clusters: vec![cluster("demo")], tick: TICK, ..EmulatorConfig::default() }
}

pub(crate) fn cluster(name: &str) -> ClusterSpec {
    ClusterSpec {
        name: name.to_owned(),
        endpoint: "https://127.0.0.1:6443".to_owned(),
        ca_pem: "PEM".to_owned(),
        version: "1.34".to_owned(),
    }
}

pub(crate) fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

pub(crate) fn policy(name: &str) -> String {
    format!("arn:aws:eks::aws:cluster-access-policy/{name}")
}

/// Percent-encodes a member of the path as the SDKs do.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

impl Emulator {
    /// The inside, for tests of what needs no HTTP.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// An emulator and a client of it.
pub(crate) struct Fixture {
    pub(crate) emulator: Emulator,
    http: HttpClient,
}

impl Fixture {
    pub(crate) fn start(config: EmulatorConfig) -> Self {
        Self { emulator: Emulator::start(config).unwrap(), http: HttpClient::new(PATIENCE) }
    }

    /// Sends a request signed (in form) for EKS in the region.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<HttpResponse> {
        let scope = format!("AKIDTEST/20260101/{REGION}/eks/aws4_request");
        let request = Request::builder()
            .method(method)
            .uri(self.emulator.url().join(path)?.as_str())
            .header("content-type", "application/json")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
            );
        let body = body.map(Value::to_string).unwrap_or_default();
        self.http.send(request.body(Full::new(Bytes::from(body)))?).await
    }

    /// Sends an unsigned request, for what is not the API.
    pub(crate) async fn post(&self, url: &Url, body: &Value) -> Value {
        let request = Request::post(url.as_str())
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body.to_string())));
        let response = self.http.send(request.unwrap()).await.unwrap();
        assert_eq!(response.status, StatusCode::OK);
        serde_json::from_slice(&response.body).unwrap()
    }

    /// Calls and expects success.
    pub(crate) async fn ok(&self, method: Method, path: &str, body: Value) -> Value {
        let body = Some(body).filter(|body| !body.is_null());
        let response = self.send(method, path, body.as_ref()).await.unwrap();
        let output: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(response.status, StatusCode::OK, "{output}");
        output
    }

    /// Calls and expects an error: its type and message.
    pub(crate) async fn refused(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> (String, String) {
        let response = self.send(method, path, Some(&body)).await.unwrap();
        let output: Value = serde_json::from_slice(&response.body).unwrap();
        assert!(response.status.as_u16() >= 400, "{output}");
        let code = response.headers["x-amzn-errortype"].to_str().unwrap();
        assert_eq!(output["__type"], code);
        let message = output["message"].as_str().unwrap();
        (code.to_owned(), message.to_owned())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.ok(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn create_capability(&self, name: &str, kind: &str, role: &str) -> Value {
        let body = capability(name, kind, role);
        self.ok(Method::POST, "clusters/demo/capabilities", body).await["capability"].take()
    }

    pub(crate) async fn capability(&self, name: &str) -> Value {
        let path = format!("clusters/demo/capabilities/{name}");
        self.get(&path).await["capability"].take()
    }

    /// Waits until the capability has the status; the capability then.
    pub(crate) async fn until(&self, name: &str, status: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let capability = self.capability(name).await;
            if capability["status"] == status {
                return capability;
            }
            assert!(Instant::now() < deadline, "never {status}: {capability}");
            pause(TICK / 4).await;
        }
    }

    pub(crate) async fn until_gone(&self, name: &str) {
        let path = "clusters/demo/capabilities";
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let listed = self.get(path).await["capabilities"].take();
            let mut capabilities = listed.as_array().unwrap().iter();
            if capabilities.all(|capability| capability["capabilityName"] != name) {
                return;
            }
            assert!(Instant::now() < deadline, "never gone: {listed}");
            pause(TICK / 4).await;
        }
    }

    pub(crate) async fn create_entry(&self, body: Value) -> Value {
        let path = "clusters/demo/access-entries";
        self.ok(Method::POST, path, body).await["accessEntry"].take()
    }

    pub(crate) async fn associate(&self, principal: &str, policy_name: &str, scope: Value) {
        let path = format!("clusters/demo/access-entries/{}/access-policies", encode(principal));
        let body = json!({ "policyArn": policy(policy_name), "accessScope": scope });
        self.ok(Method::POST, &path, body).await;
    }
}

/// A minimal create request of the kind.
pub(crate) fn capability(name: &str, kind: &str, role: &str) -> Value {
    let mut body = json!({
        "capabilityName": name,
        "type": kind,
        "roleArn": role,
        "deletePropagationPolicy": "RETAIN",
    });
    if kind == "ARGOCD" {
        let instance = "arn:aws:sso:::instance/ssoins-1234567890abcdef";
        body["configuration"] = json!({ "argoCd": { "awsIdc": { "idcInstanceArn": instance } } });
    }
    body
}

/// The trust policy that lets a service in as EKS asks.
pub(crate) fn trust(service: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }],
    })
    .to_string()
}

/// IAM's and STS's query protocol, as far as the emulator uses it, over roles given by the test.
#[derive(Clone, Default)]
pub(crate) struct FakeIam {
    roles: Arc<Mutex<BTreeMap<String, FakeRole>>>,
    callers: Arc<Mutex<BTreeMap<String, (String, String)>>>,
}

#[derive(Clone)]
struct FakeRole {
    arn: String,
    id: String,
    trust: String,
    created: Timestamp,
}

impl FakeIam {
    /// Starts serving; the URL to give to the emulator.
    pub(crate) async fn serve(&self) -> Url {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router =
            Router::new().route("/", get(caller_identity).post(get_role)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Url::parse(&url).unwrap()
    }

    /// A role made long ago.
    pub(crate) fn add_role(&self, path_and_name: &str, id: &str, trust: &str) {
        self.add_role_of_age(path_and_name, id, trust, Duration::from_hours(1));
    }

    pub(crate) fn add_role_of_age(
        &self,
        path_and_name: &str,
        id: &str,
        trust: &str,
        age: Duration,
    ) {
        let name = path_and_name.rsplit('/').next().unwrap().to_owned();
        let role = FakeRole {
            arn: role(path_and_name),
            id: id.to_owned(),
            trust: trust.to_owned(),
            created: Timestamp::now() - SignedDuration::try_from(age).unwrap(),
        };
        lock(&self.roles).insert(name, role);
    }

    /// Whose STS says an access key is.
    pub(crate) fn add_caller(&self, access_key_id: &str, arn: &str, user_id: &str) {
        let caller = (arn.to_owned(), user_id.to_owned());
        lock(&self.callers).insert(access_key_id.to_owned(), caller);
    }
}

async fn get_role(State(iam): State<FakeIam>, RawForm(form): RawForm) -> (StatusCode, String) {
    let parameters: BTreeMap<String, String> = form_urlencoded::parse(&form).into_owned().collect();
    let roles = lock(&iam.roles);
    let found = roles.get(&parameters["RoleName"]);
    let found = found.filter(|_| parameters["Action"] == "GetRole");
    match found {
        None => (
            StatusCode::NOT_FOUND,
            "<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>".to_owned(),
        ),
        Some(role) => (
            StatusCode::OK,
            format!(
                "<GetRoleResponse><GetRoleResult><Role><Arn>{}</Arn><RoleId>{}</RoleId>\
                 <CreateDate>{}</CreateDate><AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument>\
                 </Role></GetRoleResult></GetRoleResponse>",
                role.arn,
                role.id,
                role.created,
                encode(&role.trust)
            ),
        ),
    }
}

async fn caller_identity(State(iam): State<FakeIam>, headers: HeaderMap) -> (StatusCode, String) {
    let authorization = headers["authorization"].to_str().unwrap();
    let (_, credential) = authorization.split_once("Credential=").unwrap();
    let (key, _) = credential.split_once('/').unwrap();
    match lock(&iam.callers).get(key) {
        None => (
            StatusCode::FORBIDDEN,
            "<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>"
                .to_owned(),
        ),
        Some((arn, user_id)) => (
            StatusCode::OK,
            format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{arn}</Arn>\
                 <UserId>{user_id}</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>"
            ),
        ),
    }
}
