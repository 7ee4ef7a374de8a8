//! What the emulator knows: clusters with all that belongs to them, and request tokens.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    AccessKey, CapabilityHook, Settings, TokenReview,
    access_entry::AccessEntry,
    calls::Calls,
    capability::Capability,
    cluster::Cluster,
    error::{ApiError, ErrorKind},
    faults::Faults,
    iam::Directory,
    input::Call,
    operation::Operation,
    pod_identity::PodIdentityAssociation,
};

/// The API keeps request tokens for a day.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// One emulator's whole inside, shared by its handlers and life-cycle tasks.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) account_id: String,
    pub(crate) region: String,
    pub(crate) partition: &'static str,
    pub(crate) tick: Duration,
    pub(crate) directory: Directory,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
    pub(crate) stop: CancellationToken,
    pub(crate) settings: Mutex<Settings>,
    pub(crate) hooks: Mutex<Hooks>,
    pub(crate) access_keys: Mutex<HashMap<String, AccessKey>>,
    pub(crate) token_reviews: Mutex<Vec<TokenReview>>,
    pub(crate) state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) capability_active: Option<CapabilityHook>,
    pub(crate) capability_deleted: Option<CapabilityHook>,
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks")
            .field("capability_active", &self.capability_active.is_some())
            .field("capability_deleted", &self.capability_deleted.is_some())
            .finish()
    }
}

/// Locks, also after a panic elsewhere: what the panicking test left is still worth reading.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }

    /// The ARN of something of this account's and region's EKS.
    pub(crate) fn arn(&self, resource: &str) -> String {
        format!("arn:{}:eks:{}:{}:{resource}", self.partition, self.region, self.account_id)
    }

    /// Waits for so many state transitions.
    pub(crate) async fn ticks(&self, count: u32) {
        pause(self.tick * count).await;
    }

    /// Runs a life cycle beside the requests, until the emulator stops.
    pub(crate) fn spawn<F>(self: &Arc<Self>, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(task).await });
    }
}

/// The mutable part; guarded by one lock that is never held across an await.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// In the order added: the first is the default of the webhooks.
    pub(crate) clusters: Vec<Cluster>,
    replays: HashMap<(Operation, String), Replay>,
}

/// What a request with a `clientRequestToken` answered.
#[derive(Debug)]
struct Replay {
    at: Timestamp,
    path: BTreeMap<String, String>,
    body: Map<String, Value>,
    output: Value,
}

impl State {
    pub(crate) fn cluster(&self, name: &str) -> Result<&Cluster, ApiError> {
        let mut clusters = self.clusters.iter();
        let found = clusters.find(|cluster| cluster.spec.name == name);
        found.ok_or_else(|| no_cluster(name))
    }

    pub(crate) fn cluster_mut(&mut self, name: &str) -> Result<&mut Cluster, ApiError> {
        let mut clusters = self.clusters.iter_mut();
        let found = clusters.find(|cluster| cluster.spec.name == name);
        found.ok_or_else(|| no_cluster(name))
    }

    /// The answer to an earlier request with the same token, if there was one within a day. The same
    /// token with other parameters is an error; which one the API gives is not documented.
    pub(crate) fn replay(&self, call: &Call) -> Option<Result<Value, ApiError>> {
        let earlier = self.replays.get(&replay_key(call)?)?;
        if Timestamp::now().duration_since(earlier.at) > TOKEN_LIFE {
            return None;
        }
        Some(if earlier.path == call.path && earlier.body == call.body {
            Ok(earlier.output.clone())
        } else {
            Err(ApiError::invalid_parameter(
                "The clientRequestToken was already used with different parameters.",
            ))
        })
    }

    pub(crate) fn remember(&mut self, call: &Call, output: &Value) {
        if let Some(key) = replay_key(call) {
            let replay = Replay {
                at: Timestamp::now(),
                path: call.path.clone(),
                body: call.body.clone(),
                output: output.clone(),
            };
            self.replays.insert(key, replay);
        }
    }

    /// Forgets the tokens of a resource that is gone, so that the same request makes it anew.
    pub(crate) fn forget(&mut self, arn: &str) {
        const POINTERS: [&str; 3] =
            ["/capability/arn", "/association/associationArn", "/accessEntry/accessEntryArn"];
        self.replays.retain(|_, replay| {
            let arns = POINTERS.map(|pointer| replay.output.pointer(pointer));
            !arns.into_iter().flatten().any(|made| made == arn)
        });
    }

    /// Everything, by cluster, in the API's own words.
    pub(crate) fn dump(&self) -> Value {
        let clusters = self.clusters.iter().map(|cluster| {
            let name = &cluster.spec.name;
            let entries = cluster.access_entries.values();
            let contents = json!({
                "cluster": cluster.render(),
                "capabilities": list(cluster.capabilities.values(), |c| Capability::render(c, name)),
                "accessEntries": list(entries, |entry| AccessEntry::dump(entry, name)),
                "podIdentityAssociations": list(
                    cluster.associations.values(),
                    |association| PodIdentityAssociation::render(association, name),
                ),
                "updates": list(cluster.updates.values(), super::update::Update::render),
            });
            (name.clone(), contents)
        });
        json!({ "clusters": clusters.collect::<Map<_, _>>() })
    }
}

fn list<T>(items: impl Iterator<Item = T>, render: impl Fn(T) -> Value) -> Vec<Value> {
    items.map(render).collect()
}

fn replay_key(call: &Call) -> Option<(Operation, String)> {
    let token = call.body.get("clientRequestToken")?.as_str()?;
    Some((call.operation, token.to_owned()))
}

fn no_cluster(name: &str) -> ApiError {
    // The text is as AWS gives it, with the stop.
    ApiError::new(
        ErrorKind::ResourceNotFoundException,
        format!("No cluster found for name: {name}."),
    )
}

/// Waits. The provider's own waiting ends on a cancel; here the emulator's stop ends the whole task.
#[allow(clippy::disallowed_methods)] // The only sleep of the emulator.
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// A timestamp as rest-json writes it: seconds since 1970 with a fraction.
pub(crate) fn epoch(at: Timestamp) -> Value {
    let millis = at.as_millisecond();
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.parse().map_or(Value::Null, Value::Number)
}

/// So many random characters out of `0-9a-f` (at most 32).
pub(crate) fn random_id(length: usize) -> String {
    let mut id = Uuid::new_v4().simple().to_string();
    id.truncate(length);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_numbers_with_milliseconds() {
        let at = Timestamp::from_millisecond(1_700_000_000_007).unwrap();
        assert_eq!(epoch(at).to_string(), "1700000000.007");
    }
}
