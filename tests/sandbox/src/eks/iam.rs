//! The IAM backend: which principals exist, since when, and whom a role trusts.
//!
//! The backend is anything that speaks IAM's and STS's query protocol on one URL; the sandbox has
//! moto. Without one every well-formed ARN is taken to exist and to trust as it should.

mod trust;

use std::time::Duration;

use anyhow::Context;
use axum::body::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use roxmltree::Document;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::{
    arn::{Principal, PrincipalKind},
    error::{ApiError, ErrorKind},
};
use crate::http_client::{HttpClient, HttpResponse};

/// As long as aws-iam-authenticator waits for STS.
const PATIENCE: Duration = Duration::from_secs(10);

/// An IAM principal that EKS can see.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct IamPrincipal {
    /// `AROA…` or `AIDA…`: changes when the principal is deleted and made again. Unknown without a
    /// backend.
    pub(crate) unique_id: Option<String>,
    /// A role's trust policy.
    trust: Option<Value>,
}

impl IamPrincipal {
    /// Whether the trust policy lets the service assume the role and tag the session, which EKS
    /// asks for together. True without a backend.
    pub(crate) fn trusts(&self, service: &str) -> bool {
        let trust = self.trust.as_ref();
        trust.is_none_or(|policy| trust::allows(policy, service))
    }
}

/// Who made a presigned `GetCallerIdentity` request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// As STS gives it: a user's ARN or `arn:P:sts::ACCOUNT:assumed-role/NAME/SESSION`.
    pub(crate) arn: String,
    /// `AIDA…`, or `AROA…:SESSION`; unknown for a key that was configured without one.
    pub(crate) user_id: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Directory {
    endpoint: Option<Url>,
    http: HttpClient,
}

impl Directory {
    pub(crate) fn new(endpoint: Option<Url>) -> Self {
        let http = HttpClient::new(PATIENCE);
        Self { endpoint, http }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.endpoint.is_some()
    }

    /// Looks a principal up. `None` if IAM does not know this exact ARN (path included), or if it is
    /// younger than `propagation`. Fails with a `ServerException` if the backend does.
    pub(crate) async fn find(
        &self,
        principal: &Principal,
        propagation: Duration,
    ) -> Result<Option<IamPrincipal>, ApiError> {
        let Some(endpoint) = &self.endpoint else {
            return Ok(Some(IamPrincipal::default()));
        };
        let (action, parameter) = match principal.kind {
            PrincipalKind::Role => ("GetRole", "RoleName"),
            PrincipalKind::User => ("GetUser", "UserName"),
        };
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", action)
            .append_pair("Version", "2010-05-08")
            .append_pair(parameter, &principal.name)
            .finish();
        let request = Request::post(endpoint.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            // The scope is how moto tells IAM's calls from others; it does not check signatures.
            .header(
                header::AUTHORIZATION,
                "AWS4-HMAC-SHA256 Credential=AKIAEKSEMULATOR00000/20200101/us-east-1/iam/aws4_request, \
                 SignedHeaders=host, Signature=0",
            )
            // An entry's principal may be of another account; moto keeps one directory per account.
            .header("x-moto-account-id", &principal.account)
            .body(Full::new(Bytes::from(form)));
        let found = async {
            let response = self.http.send(request?).await?;
            parse_principal(principal, &response)
        };
        let found = found.await.map_err(|error| {
            let message = format!("the IAM backend failed on {action}: {error:#}");
            ApiError::new(ErrorKind::ServerException, message)
        })?;
        let propagation = SignedDuration::try_from(propagation).unwrap_or(SignedDuration::MAX);
        let now = Timestamp::now();
        let visible = found.filter(|(_, created)| {
            propagation.is_zero() || now.duration_since(*created) >= propagation
        });
        Ok(visible.map(|(found, _)| found))
    }

    /// Has STS answer a presigned `GetCallerIdentity`: the same query and signed header, sent to the
    /// backend instead of to the host that the URL names. Fails with the reason if STS refuses.
    pub(crate) async fn caller_identity(&self, replay: &Replay<'_>) -> anyhow::Result<Caller> {
        let endpoint = self.endpoint.as_ref();
        let endpoint = endpoint.context("there is no STS backend to ask")?;
        let mut url = endpoint.clone();
        url.set_path("/");
        url.set_query(Some(replay.query));
        let request = Request::get(url.as_str())
            .header("x-k8s-aws-id", replay.cluster)
            // moto reads the access key from this header only, never from a presigned query.
            .header(
                header::AUTHORIZATION,
                format!(
                    "AWS4-HMAC-SHA256 Credential={}, SignedHeaders={}, Signature={}",
                    replay.credential, replay.signed_headers, replay.signature
                ),
            )
            .body(Full::default())?;
        let response = self.http.send(request).await?;
        let text = std::str::from_utf8(&response.body)?;
        anyhow::ensure!(
            response.status == StatusCode::OK,
            "STS answered {}: {text}",
            response.status
        );
        let document = Document::parse(text)?;
        let arn = text_of(&document, "Arn").context("STS's answer has no Arn")?;
        // What moto says for keys that it never issued; AWS would not know them at all.
        anyhow::ensure!(!arn.ends_with(":user/moto"), "STS does not know the access key");
        Ok(Caller { arn, user_id: text_of(&document, "UserId") })
    }
}

/// The parts of a presigned URL that the backend needs.
#[derive(Debug)]
pub(crate) struct Replay<'a> {
    pub(crate) query: &'a str,
    pub(crate) cluster: &'a str,
    pub(crate) credential: &'a str,
    pub(crate) signed_headers: &'a str,
    pub(crate) signature: &'a str,
}

/// Reads the answer to `GetRole` or `GetUser`, with the principal's date of creation.
fn parse_principal(
    principal: &Principal,
    response: &HttpResponse,
) -> anyhow::Result<Option<(IamPrincipal, Timestamp)>> {
    let text = std::str::from_utf8(&response.body)?;
    if response.status == StatusCode::NOT_FOUND {
        // A wrong endpoint answers 404 as well, and must not pass for a missing role.
        anyhow::ensure!(text.contains("NoSuchEntity"), "answered 404: {text}");
        return Ok(None);
    }
    anyhow::ensure!(response.status == StatusCode::OK, "answered {}: {text}", response.status);
    let document = Document::parse(text)?;
    let arn = text_of(&document, "Arn").context("the answer has no Arn")?;
    if arn != principal.arn {
        return Ok(None);
    }
    let created = text_of(&document, "CreateDate").context("the answer has no CreateDate")?;
    let created = created.parse().with_context(|| format!("CreateDate {created:?}"))?;
    let unique_id = match principal.kind {
        PrincipalKind::Role => text_of(&document, "RoleId"),
        PrincipalKind::User => text_of(&document, "UserId"),
    };
    let trust = match text_of(&document, "AssumeRolePolicyDocument") {
        Some(encoded) => {
            let policy = percent_decode_str(&encoded).decode_utf8()?.into_owned();
            // moto stores any text as a trust policy; what is not JSON trusts nobody.
            Some(serde_json::from_str(&policy).unwrap_or(Value::Null))
        }
        None => None,
    };
    Ok(Some((IamPrincipal { unique_id, trust }, created)))
}

fn text_of(document: &Document<'_>, tag: &str) -> Option<String> {
    let mut nodes = document.descendants();
    let node = nodes.find(|node| node.tag_name().name() == tag)?;
    node.text().map(|text| text.trim().to_owned())
}
