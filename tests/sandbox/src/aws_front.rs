//! A front of IAM and ECR that fails as AWS does: it passes calls on to moto, and some it does not.
//!
//! It speaks IAM's query protocol and ECR's JSON on a port of its own, for `AWS_ENDPOINT_URL_IAM`
//! and `AWS_ENDPOINT_URL_ECR` of whom shall suffer. The EKS emulator asks moto itself, so what EKS
//! sees is governed by its own faults.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use http_body_util::Full;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::{Url, form_urlencoded};

use crate::eks::{Count, SEED, When};
use crate::http_client::HttpClient;
use crate::http_server::{self, LostResponse};

/// More than any request that is passed on.
const MAX_BODY: usize = 1 << 20;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontEffect {
    /// 400 in the service's spelling (`Throttling` or `ThrottlingException`), without doing the
    /// work.
    Throttle,
    /// 500 likewise (`ServiceFailure` or `ServerException`), without doing the work.
    ServerError,
    /// Does the work and closes the connection without an answer.
    LoseResponse,
}

/// A fault of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontFault {
    /// How the names of the actions concerned begin; of every action if empty.
    pub actions: &'static str,
    /// Which of the matching calls.
    pub when: When,
    /// What happens to them.
    pub effect: FrontEffect,
}

/// A call that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontCall {
    /// Its action, such as `CreateRole`.
    pub action: String,
    /// The status of the answer.
    pub status: u16,
    /// Whether a fault hit it.
    pub faulty: bool,
}

/// A running front. Dropping it ends it.
#[derive(Debug)]
pub struct AwsFront {
    inside: Arc<Inside>,
    address: SocketAddr,
}

#[derive(Debug)]
struct Inside {
    backend: Url,
    http: HttpClient,
    stop: CancellationToken,
    state: Mutex<Plan>,
}

#[derive(Debug)]
struct Plan {
    faults: Vec<(FrontFault, Count)>,
    random: u64,
    propagation: Duration,
    /// The roles made here, since when they are there, and how often they were looked at.
    roles: HashMap<String, (Instant, u32)>,
    calls: Vec<FrontCall>,
}

impl AwsFront {
    /// Starts on a free port of 127.0.0.1, within a Tokio runtime, before the moto at `backend`.
    pub fn start(backend: Url) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.context("cannot listen for calls of AWS")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let plan = Plan {
            faults: Vec::new(),
            random: SEED,
            propagation: Duration::ZERO,
            roles: HashMap::new(),
            calls: Vec::new(),
        };
        let stop = CancellationToken::new();
        let http = HttpClient::new(Duration::from_secs(30));
        let inside = Inside { backend, http, stop: stop.clone(), state: Mutex::new(plan) };
        let inside = Arc::new(inside);
        let router = Router::new().fallback(handle).with_state(Arc::clone(&inside));
        let listener = TcpListener::from_std(listener)?;
        tokio::spawn(http_server::serve(listener, router, stop));
        Ok(Self { inside, address })
    }

    /// For `AWS_ENDPOINT_URL_IAM` and `AWS_ENDPOINT_URL_ECR`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a fault.
    pub fn add(&self, fault: FrontFault) {
        self.inside.lock().faults.push((fault, Count::default()));
    }

    /// For so long after its creation every second call about a role does not find it, as when one
    /// server has heard of it and another has not.
    pub fn set_propagation(&self, delay: Duration) {
        self.inside.lock().propagation = delay;
    }

    /// The calls so far, in order of their answers.
    pub fn calls(&self) -> Vec<FrontCall> {
        self.inside.lock().calls.clone()
    }
}

impl Drop for AwsFront {
    fn drop(&mut self) {
        self.inside.stop.cancel();
    }
}

impl Inside {
    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn pass_on(
        &self,
        request: http::request::Parts,
        body: Bytes,
    ) -> anyhow::Result<Response> {
        let mut passed = http::Request::builder().method(request.method).uri(self.backend.as_str());
        // The host is this one's.
        for (name, value) in request.headers.iter().filter(|(name, _)| **name != header::HOST) {
            passed = passed.header(name, value);
        }
        let answer = self.http.send(passed.body(Full::new(body))?).await?;
        let mut response = Response::new(Body::from(answer.body));
        *response.status_mut() = answer.status;
        for name in [header::CONTENT_TYPE.as_str(), "x-amzn-requestid"] {
            if let Some(value) = answer.headers.get(name) {
                response.headers_mut().insert(http::HeaderName::from_static(name), value.clone());
            }
        }
        Ok(response)
    }
}

impl Plan {
    /// The effects on a call, in the order of the faults.
    fn judge(&mut self, action: &str) -> Vec<FrontEffect> {
        let Self { faults, random, .. } = self;
        let concerned = faults.iter_mut().filter(|(fault, _)| action.starts_with(fault.actions));
        let hits = concerned.filter_map(|(fault, count)| {
            count.is_due(fault.when, None, random).then_some(fault.effect)
        });
        hits.collect()
    }

    /// Whether this call does not find a role that is there.
    fn is_unseen(&mut self, action: &str, role: &str) -> bool {
        let propagation = self.propagation;
        let Some((since, looks)) = self.roles.get_mut(role) else { return false };
        *looks += 1;
        action != "CreateRole" && since.elapsed() < propagation && !looks.is_multiple_of(2)
    }
}

async fn handle(State(inside): State<Arc<Inside>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Asked { protocol, action, role } = Asked::of(&parts, &body);
    let (effects, unseen) = {
        let mut plan = inside.lock();
        (plan.judge(&action), plan.is_unseen(&action, &role))
    };
    let mut response = if effects.contains(&FrontEffect::Throttle) {
        protocol.refusal(StatusCode::BAD_REQUEST, protocol.throttling(), "Rate exceeded")
    } else if effects.contains(&FrontEffect::ServerError) {
        let code = protocol.server_error();
        protocol.refusal(StatusCode::INTERNAL_SERVER_ERROR, code, "Internal failure")
    } else if unseen {
        let message = format!("The role with name {role} cannot be found.");
        protocol.refusal(StatusCode::NOT_FOUND, "NoSuchEntity", &message)
    } else {
        match inside.pass_on(parts, body).await {
            Ok(response) => response,
            Err(error) => {
                tracing::warn!("moto cannot be asked: {error:#}");
                StatusCode::BAD_GATEWAY.into_response()
            }
        }
    };
    let mut plan = inside.lock();
    if action == "CreateRole" && response.status().is_success() {
        plan.roles.insert(role, (Instant::now(), 0));
    }
    let faulty = unseen || !effects.is_empty();
    plan.calls.push(FrontCall { action, status: response.status().as_u16(), faulty });
    if effects.contains(&FrontEffect::LoseResponse) {
        response.extensions_mut().insert(LostResponse);
    }
    response
}

/// What a request wants.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    protocol: Protocol,
    action: String,
    /// The role that it is about, if any.
    role: String,
}

impl Asked {
    fn of(parts: &http::request::Parts, body: &[u8]) -> Self {
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        if let Some(target) = target {
            let action = target.rsplit('.').next().unwrap_or(target).to_owned();
            return Self { protocol: Protocol::Json, action, role: String::new() };
        }
        let form: HashMap<_, _> = form_urlencoded::parse(body).into_owned().collect();
        let text = |name: &str| form.get(name).cloned().unwrap_or_default();
        Self { protocol: Protocol::Query, action: text("Action"), role: text("RoleName") }
    }
}

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// A form that is answered with XML: IAM.
    Query,
    /// JSON, with the action in the header `X-Amz-Target`: ECR.
    Json,
}

impl Protocol {
    fn throttling(self) -> &'static str {
        match self {
            Self::Query => "Throttling",
            Self::Json => "ThrottlingException",
        }
    }

    fn server_error(self) -> &'static str {
        match self {
            Self::Query => "ServiceFailure",
            Self::Json => "ServerException",
        }
    }

    /// An error, as the service writes it.
    fn refusal(self, status: StatusCode, code: &str, message: &str) -> Response {
        let (kind, body) = match self {
            Self::Query => (
                "text/xml",
                format!(
                    "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error>\
                     <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                     <RequestId>front</RequestId></ErrorResponse>"
                ),
            ),
            Self::Json => (
                "application/x-amz-json-1.1",
                serde_json::json!({ "__type": code, "message": message }).to_string(),
            ),
        };
        (status, [(header::CONTENT_TYPE, kind)], body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(faults: &[FrontFault]) -> Plan {
        Plan {
            faults: faults.iter().map(|fault| (fault.clone(), Count::default())).collect(),
            random: SEED,
            propagation: Duration::from_mins(1),
            roles: HashMap::new(),
            calls: Vec::new(),
        }
    }

    #[test]
    fn a_fault_hits_the_actions_that_it_is_for_as_often_as_it_says() {
        let mut plan = plan(&[FrontFault {
            actions: "Create",
            when: When::Every(2),
            effect: FrontEffect::Throttle,
        }]);
        let hits = ["CreateRole", "GetRole", "CreateRole", "CreateRole", "CreateRole"]
            .map(|action| !plan.judge(action).is_empty());
        assert_eq!(hits, [false, false, true, false, true]);
    }

    #[test]
    fn every_second_look_at_a_new_role_finds_nothing() {
        let mut plan = plan(&[]);
        plan.roles.insert("new".to_owned(), (Instant::now(), 0));
        let unseen = [1, 2, 3, 4].map(|_| plan.is_unseen("GetRole", "new"));
        assert_eq!(unseen, [true, false, true, false]);
        assert!(!plan.is_unseen("GetRole", "another"));
        assert!(!plan.is_unseen("CreateRole", "new"));
        plan.propagation = Duration::ZERO;
        assert!(!plan.is_unseen("GetRole", "new"));
    }

    #[test]
    fn the_action_is_in_the_form_of_iam_and_in_the_header_of_ecr() {
        let (parts, ()) = http::Request::new(()).into_parts();
        let asked = Asked::of(&parts, b"Action=GetRole&RoleName=mine&Version=2010-05-08");
        let role = Asked {
            protocol: Protocol::Query,
            action: "GetRole".to_owned(),
            role: "mine".to_owned(),
        };
        assert_eq!(asked, role);

        let target = "AmazonEC2ContainerRegistry_V20150921.CreateRepository";
        let request = http::Request::builder().header("X-Amz-Target", target).body(());
        let (parts, ()) = request.expect("a request").into_parts();
        let asked = Asked::of(&parts, b"{}");
        assert_eq!((asked.protocol, &*asked.action), (Protocol::Json, "CreateRepository"));
    }
}
