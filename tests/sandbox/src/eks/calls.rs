//! The record of the calls received, so that tests can say what was and was not called.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::operation::Operation;

/// One call of the EKS API. Webhooks and `/_sandbox/` are not recorded.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    /// When it came in.
    pub at: Timestamp,
    /// The operation; none if the path and method are of no operation.
    pub operation: Option<Operation>,
    /// Method and path as received.
    pub request: String,
    /// The members of the path, decoded.
    pub path: BTreeMap<String, String>,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The request's body.
    pub body: Map<String, Value>,
    /// The access key id of the signature, to tell callers apart.
    pub access_key_id: Option<String>,
    /// The answer's HTTP status, also when the answer was then lost.
    pub status: u16,
    /// The answer's error type.
    pub error: Option<String>,
    /// The answer was made and not sent.
    pub response_lost: bool,
    /// `x-amzn-RequestId` of the answer.
    pub request_id: String,
}

#[derive(Debug, Default)]
pub(crate) struct Calls {
    records: Mutex<Vec<CallRecord>>,
}

impl Calls {
    pub(crate) fn push(&self, record: CallRecord) {
        self.lock().push(record);
    }

    pub(crate) fn all(&self) -> Vec<CallRecord> {
        self.lock().clone()
    }

    pub(crate) fn count(&self, operation: Operation) -> usize {
        let records = self.lock();
        let matching = records.iter().filter(|record| record.operation == Some(operation));
        matching.count()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<CallRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
