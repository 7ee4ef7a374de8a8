//! The HTTP side: the routes of the API, faults around each call, the record.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Path, Request, State},
    response::{IntoResponse, Json, Response},
    routing::{MethodFilter, on},
};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use url::form_urlencoded;
use uuid::Uuid;

use super::{
    access_entry, access_policy, admin,
    calls::CallRecord,
    capability, cluster,
    error::{ApiError, ErrorKind},
    input::Call,
    operation::Operation,
    pod_identity,
    state::{Shared, pause},
    tags, update,
};
use crate::http_server::{self, LostResponse};

/// More than any request of the API.
const MAX_BODY: usize = 1 << 20;

/// Serves connections until told to stop; open ones are cut off then.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let stop = shared.stop.clone();
    http_server::serve(listener, router(shared), stop).await;
}

fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for operation in Operation::ALL.iter().copied() {
        let (method, path) = operation.route();
        let Ok(filter) = MethodFilter::try_from(method) else {
            unreachable!("the table of operations has common methods only")
        };
        let handler = move |state: State<Arc<Shared>>, path, request| {
            handle(state, Some(operation), path, request)
        };
        router = router.route(path, on(filter, handler));
    }
    let unknown =
        |state: State<Arc<Shared>>, request| handle(state, None, Path(BTreeMap::new()), request);
    router
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .merge(admin::router())
        .with_state(shared)
}

/// One call, from the wire to the wire.
async fn handle(
    State(shared): State<Arc<Shared>>,
    operation: Option<Operation>,
    Path(path): Path<BTreeMap<String, String>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut record = CallRecord {
        at: Timestamp::now(),
        operation,
        request: format!("{} {}", parts.method, parts.uri.path()),
        path,
        query: query_of(&parts),
        body: Map::new(),
        access_key_id: None,
        status: 0,
        error: None,
        response_lost: false,
        request_id: Uuid::new_v4().to_string(),
    };
    let verdict = operation.map(|operation| shared.faults.judge(operation));
    let verdict = verdict.unwrap_or_default();
    pause(verdict.delay).await;

    // A refusal still reads the request, so that the record has all of it.
    let read = read(&shared, &parts.headers, body, &mut record).await;
    let outcome = match (verdict.refusal, read, operation) {
        (Some(refusal), _, _) => Err(refusal),
        (None, Err(error), _) => Err(error),
        (None, Ok(()), None) => {
            let message = format!("no operation at {}", record.request);
            Err(ApiError::new(ErrorKind::UnknownOperationException, message))
        }
        (None, Ok(()), Some(operation)) => {
            let call = Call {
                operation,
                path: record.path.clone(),
                query: record.query.clone(),
                body: record.body.clone(),
            };
            perform_once(&shared, &call).await
        }
    };

    record.error = outcome.as_ref().err().map(|error| error.kind.code().to_owned());
    let mut response = match outcome {
        Ok(output) => Json(output).into_response(),
        Err(error) => error.into_response(),
    };
    record.status = response.status().as_u16();
    if let Ok(id) = HeaderValue::from_str(&record.request_id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    if verdict.lose_response {
        record.response_lost = true;
        response.extensions_mut().insert(LostResponse);
    }
    shared.calls.push(record);
    response
}

fn query_of(parts: &Parts) -> Vec<(String, String)> {
    let query = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Reads signature and body into the record.
async fn read(
    shared: &Shared,
    headers: &HeaderMap,
    body: Body,
    record: &mut CallRecord,
) -> Result<(), ApiError> {
    let bytes = to_bytes(body, MAX_BODY).await;
    let bytes = bytes.map_err(|error| malformed(&error.to_string()))?;
    record.access_key_id = Some(signer(shared, headers)?);
    record.body = parse(&bytes)?;
    Ok(())
}

fn parse(bytes: &Bytes) -> Result<Map<String, Value>, ApiError> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(bytes).map_err(|error| malformed(&error.to_string()))
}

fn malformed(reason: &str) -> ApiError {
    ApiError::new(ErrorKind::SerializationException, reason)
}

/// The access key id of the request's signature. The signature itself is not verified (the emulator
/// does not know every secret), but it must be there and be for EKS in this region.
fn signer(shared: &Shared, headers: &HeaderMap) -> Result<String, ApiError> {
    let header = headers.get(header::AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok());
    let credential = header
        .and_then(|text| text.strip_prefix("AWS4-HMAC-SHA256 "))
        .and_then(|text| text.split(',').find_map(|part| part.trim().strip_prefix("Credential=")));
    let credential = credential.ok_or_else(|| {
        let kind = ErrorKind::MissingAuthenticationTokenException;
        ApiError::new(kind, "Missing Authentication Token")
    })?;
    let parts: Vec<&str> = credential.split('/').collect();
    match parts[..] {
        [key, _, region, "eks", "aws4_request"] if region == shared.region => Ok(key.to_owned()),
        _ => Err(ApiError::new(
            ErrorKind::InvalidSignatureException,
            format!(
                "Credential should be scoped to service eks in region {}, got {credential}",
                shared.region
            ),
        )),
    }
}

/// Performs the call unless its request token says that it has been performed.
async fn perform_once(shared: &Arc<Shared>, call: &Call) -> Result<Value, ApiError> {
    let earlier = shared.state().replay(call);
    if let Some(earlier) = earlier {
        return earlier;
    }
    let output = perform(shared, call).await?;
    shared.state().remember(call, &output);
    Ok(output)
}

async fn perform(shared: &Arc<Shared>, call: &Call) -> Result<Value, ApiError> {
    match call.operation {
        Operation::ListClusters => cluster::list(shared, call),
        Operation::DescribeCluster => cluster::describe(shared, call),

        Operation::CreateCapability => capability::create(shared, call).await,
        Operation::DescribeCapability => capability::describe(shared, call),
        Operation::UpdateCapability => capability::update(shared, call).await,
        Operation::DeleteCapability => capability::delete(shared, call),
        Operation::ListCapabilities => capability::list(shared, call),
        Operation::DescribeUpdate => update::describe(shared, call),

        Operation::CreatePodIdentityAssociation => pod_identity::create(shared, call).await,
        Operation::DescribePodIdentityAssociation => pod_identity::describe(shared, call),
        Operation::UpdatePodIdentityAssociation => pod_identity::update(shared, call).await,
        Operation::DeletePodIdentityAssociation => pod_identity::delete(shared, call),
        Operation::ListPodIdentityAssociations => pod_identity::list(shared, call),

        Operation::CreateAccessEntry => access_entry::create(shared, call).await,
        Operation::DescribeAccessEntry => access_entry::describe(shared, call),
        Operation::UpdateAccessEntry => access_entry::update(shared, call),
        Operation::DeleteAccessEntry => access_entry::delete(shared, call),
        Operation::ListAccessEntries => access_entry::list(shared, call),

        Operation::ListAccessPolicies => access_policy::list(shared, call),
        Operation::AssociateAccessPolicy => access_policy::associate(shared, call),
        Operation::DisassociateAccessPolicy => access_policy::disassociate(shared, call),
        Operation::ListAssociatedAccessPolicies => access_policy::list_associated(shared, call),

        Operation::TagResource => tags::tag(shared, call),
        Operation::UntagResource => tags::untag(shared, call),
        Operation::ListTagsForResource => tags::list(shared, call),
    }
}
