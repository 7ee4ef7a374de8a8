//! Updates: the trace that an asynchronous change leaves, read through `DescribeUpdate`.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    error::ApiError,
    faults::UpdateErrorCode,
    input::Call,
    state::{Shared, epoch},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum UpdateStatus {
    InProgress,
    Failed,
    Successful,
}

/// A change of a capability. Its `type` is always `CapabilityUpdate`, the only one made here.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    pub(crate) id: String,
    pub(crate) capability: String,
    pub(crate) status: UpdateStatus,
    /// `UpdateParamType` and value, one for each thing changed.
    pub(crate) params: Vec<(&'static str, String)>,
    pub(crate) error: Option<(UpdateErrorCode, String)>,
    pub(crate) created_at: Timestamp,
}

impl Update {
    pub(crate) fn render(&self) -> Value {
        let params = self.params.iter();
        let params = params.map(|(kind, value)| json!({ "type": kind, "value": value }));
        let errors = self.error.iter().map(|(code, message)| {
            json!({ "errorCode": code, "errorMessage": message, "resourceIds": [self.capability] })
        });
        json!({
            "id": self.id,
            "status": self.status,
            "type": "CapabilityUpdate",
            "params": params.collect::<Vec<_>>(),
            "createdAt": epoch(self.created_at),
            "errors": errors.collect::<Vec<_>>(),
        })
    }
}

/// An update is found under the resource it is of: without `capabilityName` the API looks among the
/// cluster's own updates.
pub(crate) fn describe(shared: &Shared, call: &Call) -> Result<Value, ApiError> {
    let state = shared.state();
    let cluster = state.cluster(call.cluster())?;
    let id = call.path("updateId");
    let of_another_kind =
        call.query("nodegroupName").is_some() || call.query("addonName").is_some();
    let found = cluster.updates.get(id).filter(|update| {
        !of_another_kind && call.query("capabilityName") == Some(update.capability.as_str())
    });
    let update =
        found.ok_or_else(|| ApiError::not_found(format!("No update found for id: {id}.")))?;
    Ok(json!({ "update": update.render() }))
}
