//! The words in which faults are asked for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::eks::{capability::Issue, error::ErrorKind, operation::Operation};

/// Everything that is to go wrong. The default is that nothing does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct FaultPlan {
    /// Calls that are refused, delayed or lose their response.
    pub rules: Vec<Rule>,
    /// Capabilities that do not end up `ACTIVE`, or late.
    pub capabilities: Vec<CapabilityFault>,
    /// For so many milliseconds after a role's `CreateDate` EKS does not see it: capabilities are
    /// refused for its trust policy, pod identity associations and access entries for its absence.
    /// Needs `iam_url`, where the date comes from.
    pub role_propagation_ms: u64,
    /// For so many milliseconds a new access entry does not authenticate (401) and a new policy
    /// association does not authorise (403).
    pub access_propagation_ms: u64,
    /// Pages of lists hold at most so many items, whatever `maxResults` allows.
    pub page_limit: Option<usize>,
}

/// A fault of single calls: which ones, how often, and what happens to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// The operation concerned; every operation if absent.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// Which of the matching calls; each one if absent.
    #[serde(default)]
    pub when: When,
    /// After so many hits the rule is spent; never if absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub effect: Effect,
}

/// Which of the calls that match a [`Rule`] it hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// Each n-th, counted from when the plan was set: 1 is each, 2 the second, fourth, …
    Every(u32),
    /// So many in a hundred, drawn from a generator with a fixed seed: runs repeat.
    Percent(u8),
}

impl Default for When {
    fn default() -> Self {
        Self::Every(1)
    }
}

/// What a [`Rule`] does to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Answers with the error, without doing the work.
    Refuse {
        /// The error's type, which fixes the HTTP status.
        error: ErrorKind,
        /// The error's message.
        message: String,
    },
    /// Does the work and closes the connection without an answer.
    LoseResponse,
    /// Waits so many milliseconds before doing the work.
    Delay(u64),
}

impl Rule {
    fn new(effect: Effect) -> Self {
        Self { operation: None, when: When::default(), times: None, effect }
    }

    /// Refuses with the given error.
    pub fn refuse(error: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(Effect::Refuse { error, message })
    }

    /// 429 `ThrottlingException`.
    pub fn throttle() -> Self {
        Self::refuse(ErrorKind::ThrottlingException, "Rate exceeded")
    }

    /// 500 `ServerException`.
    pub fn server_error() -> Self {
        Self::refuse(ErrorKind::ServerException, "Internal server error")
    }

    /// Does the work but drops the connection instead of answering.
    pub fn lose_response() -> Self {
        Self::new(Effect::LoseResponse)
    }

    /// Answers late.
    pub fn delay(by: Duration) -> Self {
        Self::new(Effect::Delay(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Only calls of this operation.
    #[must_use]
    pub fn of(mut self, operation: Operation) -> Self {
        self.operation = Some(operation);
        self
    }

    /// Only each n-th matching call.
    #[must_use]
    pub fn every(mut self, n: u32) -> Self {
        self.when = When::Every(n);
        self
    }

    /// Only so many matching calls in a hundred.
    #[must_use]
    pub fn percent(mut self, percent: u8) -> Self {
        self.when = When::Percent(percent);
        self
    }

    /// At most so often.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// A fault of a capability's life cycle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapabilityFault {
    /// The capability's name; any capability if absent.
    #[serde(default)]
    pub capability: Option<String>,
    /// After so many hits the fault is spent; never if absent.
    #[serde(default)]
    pub times: Option<u32>,
    /// What happens.
    pub outcome: CapabilityOutcome,
}

impl CapabilityFault {
    /// A fault of every capability, for good.
    pub fn new(outcome: CapabilityOutcome) -> Self {
        Self { capability: None, times: None, outcome }
    }

    /// Only the capability of this name.
    #[must_use]
    pub fn of(mut self, capability: impl Into<String>) -> Self {
        self.capability = Some(capability.into());
        self
    }

    /// At most so often.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// How a capability's life cycle goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CapabilityOutcome {
    /// Creation takes so many ticks more.
    SlowStart(u32),
    /// Creation ends in `CREATE_FAILED` with this health issue.
    CreateFails(Issue),
    /// Creation ends in `DEGRADED` with this health issue.
    BecomesDegraded(Issue),
    /// The update ends `Failed`; the capability goes back to what it was.
    UpdateFails {
        /// One of the API's update error codes.
        code: UpdateErrorCode,
        /// Its message.
        message: String,
    },
    /// Deletion ends in `DELETE_FAILED` with this health issue.
    DeleteFails(Issue),
}

/// The codes of failed updates that concern capabilities (the model's enum also has those of node
/// groups and networks).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)] // The names are the API's own.
pub enum UpdateErrorCode {
    AccessDenied,
    AdmissionRequestDenied,
    ClusterUnreachable,
    ConfigurationConflict,
    K8sResourceNotFound,
    OperationNotPermitted,
    Unknown,
}
