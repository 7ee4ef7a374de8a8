//! An emulator of Amazon EKS: the part of the sandbox that no real program can play.
//!
//! It speaks the API's rest-json on a loopback port, so that an AWS SDK with its endpoint set to
//! [`Emulator::url`] cannot tell the difference, and it answers the two webhooks by which a real
//! kube-apiserver lets IAM principals in as EKS would.
//!
//! ```text
//!  SDK ──► server ──► cluster, capability, access_entry, access_policy, pod_identity, tags
//!            │                │                                  │
//!          faults, calls    state ◄── capability/lifecycle ──► hooks (install controllers …)
//!                             ▲
//!  kube-apiserver ──► authn, authz ──► iam (moto: roles, trust policies, STS)
//! ```
//!
//! - What is known of the API's behaviour is followed to the letter of its messages, because clients
//!   tell cases apart by them. What is not documented is decided for the stricter reading, and said
//!   in the module concerned.
//! - Nothing happens by itself but the transitions of capabilities, one per tick. Whatever else goes
//!   wrong, goes wrong by a [`FaultPlan`].
//! - One lock guards all state and is never held across an await.
//! - The requests and answers are checked against botocore's service model by
//!   `eks-check/check.py`, with boto3 as the client; see [`botocore`].

mod access_entry;
mod access_policy;
mod admin;
mod arn;
mod authn;
mod authz;
pub mod botocore;
mod calls;
mod capability;
mod cluster;
mod error;
mod faults;
mod glob;
mod iam;
mod input;
mod operation;
mod page;
mod pod_identity;
mod server;
mod state;
mod tags;
mod update;
mod webhook;

use std::{
    collections::HashMap,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

pub(crate) use self::faults::{Count, SEED};
use self::{
    arn::partition_of,
    cluster::Cluster,
    state::{Hooks, Shared, State, lock},
};
pub use self::{
    authn::{ENTRY_KEY, TokenReview},
    calls::CallRecord,
    capability::{CapabilityStatus, Issue, IssueCode},
    cluster::{AuthenticationMode, ClusterStatus},
    error::ErrorKind,
    faults::{
        CapabilityFault, CapabilityOutcome, Effect, FaultPlan, Faults, Rule, UpdateErrorCode, When,
    },
    operation::Operation,
    webhook::Webhook,
};

/// What an emulator is started with.
pub struct EmulatorConfig {
    /// The account that everything belongs to: twelve digits.
    pub account_id: String,
    /// The region; requests signed for another are refused.
    pub region: String,
    /// A server of IAM's and STS's query protocol (moto). Without one, any well-formed role exists
    /// and trusts whom it should, and only tokens of known access keys are good.
    pub iam_url: Option<Url>,
    /// The clusters to describe; the first is the default of the authentication webhook. More can be
    /// added later.
    pub clusters: Vec<ClusterSpec>,
    /// Called when a capability is about to turn `ACTIVE`, which waits for it. Its error makes the
    /// capability `CREATE_FAILED`, with the error as health issue.
    pub on_capability_active: Option<CapabilityHook>,
    /// How long one state transition takes.
    pub tick: Duration,
}

impl Default for EmulatorConfig {
    /// Account 123456789012 (moto's) in us-east-1, without IAM or clusters, 500 ms a tick.
    fn default() -> Self {
        Self {
            account_id: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            iam_url: None,
            clusters: Vec::new(),
            on_capability_active: None,
            tick: Duration::from_millis(500),
        }
    }
}

impl fmt::Debug for EmulatorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatorConfig")
            .field("account_id", &self.account_id)
            .field("region", &self.region)
            .field("iam_url", &self.iam_url)
            .field("clusters", &self.clusters)
            .field("tick", &self.tick)
            .finish_non_exhaustive()
    }
}

/// A cluster to describe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterSpec {
    /// Its name; tokens are tied to it.
    pub name: String,
    /// The URL of its API server.
    pub endpoint: String,
    /// The PEM of the authority of the API server's certificate.
    pub ca_pem: String,
    /// Its Kubernetes version, as EKS writes it: `1.34`.
    pub version: String,
}

/// What the sandbox does when a capability comes or goes.
pub type CapabilityHook =
    Arc<dyn Fn(CapabilityEvent) -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// The capability that a [`CapabilityHook`] is called for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilityEvent {
    /// The cluster's name.
    pub cluster: String,
    /// The capability's name.
    pub name: String,
    /// Its kind.
    pub kind: CapabilityKind,
    /// The namespace that Argo CD works in; none for the other kinds.
    pub namespace: Option<String>,
    /// The role that it works with.
    pub role_arn: String,
}

/// The kinds of capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the products' own")]
pub enum CapabilityKind {
    Argocd,
    Ack,
    Kro,
}

impl CapabilityKind {
    const NAMES: [&'static str; 3] = ["ACK", "KRO", "ARGOCD"];

    /// The kind as the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Argocd => "ARGOCD",
            Self::Ack => "ACK",
            Self::Kro => "KRO",
        }
    }

    /// Reads one of [`Self::NAMES`].
    fn parse(name: &str) -> Self {
        match name {
            "ARGOCD" => Self::Argocd,
            "ACK" => Self::Ack,
            _ => Self::Kro,
        }
    }
}

/// Behaviour that AWS leaves open, or that tests need shorter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Settings {
    /// How old a token may be, in seconds. EKS: 900.
    pub token_max_age_seconds: u64,
    /// Whether the access entry that EKS made for a capability stays when the capability is deleted.
    /// AWS does not say; stale entries have been seen, so it stays by default.
    pub keep_capability_access_entry: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { token_max_age_seconds: 900, keep_capability_access_entry: true }
    }
}

impl Settings {
    fn token_max_age(&self) -> Duration {
        Duration::from_secs(self.token_max_age_seconds)
    }
}

/// An access key whose tokens the emulator verifies itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessKey {
    /// `AKIA…`, `ASIA…` or whatever the tests use.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The session token that must come with it, for temporary credentials.
    #[serde(default)]
    pub session_token: Option<String>,
    /// Whose it is, as `GetCallerIdentity` says: an IAM user's ARN or
    /// `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`.
    pub arn: String,
    /// `AIDA…` or `AROA…:SESSION`. Without it, access entries match by ARN alone.
    #[serde(default)]
    pub user_id: Option<String>,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey")
            .field("access_key_id", &self.access_key_id)
            .field("arn", &self.arn)
            .finish_non_exhaustive()
    }
}

/// A running emulator. Dropping it stops the server and all life cycles.
#[derive(Debug)]
pub struct Emulator {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Emulator {
    /// Starts on a free port of 127.0.0.1. Must be called within a Tokio runtime, which runs it.
    pub fn start(config: EmulatorConfig) -> anyhow::Result<Self> {
        Self::start_on(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), config)
    }

    /// Starts on the given address.
    pub fn start_on(address: SocketAddr, config: EmulatorConfig) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind(address)
            .with_context(|| format!("cannot listen on {address}"))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = TcpListener::from_std(listener)?;

        let shared = Arc::new(Shared {
            partition: partition_of(&config.region),
            account_id: config.account_id,
            region: config.region,
            tick: config.tick,
            directory: iam::Directory::new(config.iam_url),
            faults: Faults::default(),
            calls: calls::Calls::default(),
            stop: CancellationToken::new(),
            settings: Mutex::default(),
            hooks: Mutex::new(Hooks {
                capability_active: config.on_capability_active,
                capability_deleted: None,
            }),
            access_keys: Mutex::new(HashMap::new()),
            token_reviews: Mutex::default(),
            state: Mutex::new(State::default()),
        });
        for cluster in config.clusters {
            shared.add_cluster(cluster);
        }
        tokio::spawn(server::serve(listener, Arc::clone(&shared)));
        Ok(Self { shared, address })
    }

    /// The API's endpoint, for `AWS_ENDPOINT_URL_EKS`.
    pub fn url(&self) -> Url {
        let text = format!("http://{}/", self.address);
        Url::parse(&text).expect("a socket address makes a URL")
    }

    /// Adds a cluster; one of the same name gets the new endpoint, certificate and version.
    pub fn add_cluster(&self, spec: ClusterSpec) {
        self.shared.add_cluster(spec);
    }

    /// Puts a cluster into a state, for clients that must wait or give up.
    pub fn set_cluster_status(&self, cluster: &str, status: ClusterStatus) -> anyhow::Result<()> {
        self.shared.set_cluster_status(cluster, status)
    }

    /// Changes how principals are let in; with [`AuthenticationMode::ConfigMap`] there are neither
    /// access entries nor capabilities.
    pub fn set_authentication_mode(
        &self,
        cluster: &str,
        mode: AuthenticationMode,
    ) -> anyhow::Result<()> {
        self.shared.set_authentication_mode(cluster, mode)
    }

    /// Puts a capability into a state, at once and whatever it was doing.
    pub fn set_capability_status(
        &self,
        cluster: &str,
        capability: &str,
        status: CapabilityStatus,
        issues: Vec<Issue>,
    ) -> anyhow::Result<()> {
        self.shared.set_capability_status(cluster, capability, status, issues)
    }

    /// Sets what is called when a capability is about to turn `ACTIVE`, in place of the one that the
    /// emulator was started with.
    pub fn on_capability_active(&self, hook: CapabilityHook) {
        lock(&self.shared.hooks).capability_active = Some(hook);
    }

    /// Sets what is called before a deleted capability is gone, to stop its controllers.
    pub fn on_capability_deleted(&self, hook: CapabilityHook) {
        lock(&self.shared.hooks).capability_deleted = Some(hook);
    }

    /// Makes an access key known, so that its tokens are verified here and not by the STS backend.
    pub fn add_access_key(&self, key: AccessKey) {
        self.shared.add_access_key(key);
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.shared.settings()
    }

    /// Replaces the settings.
    pub fn set_settings(&self, settings: Settings) {
        *lock(&self.shared.settings) = settings;
    }

    /// What goes wrong on purpose.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// The calls of the API so far, in order of their answers.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.shared.calls.all()
    }

    /// How often the operation was called, whatever came of it.
    pub fn call_count(&self, operation: Operation) -> usize {
        self.shared.calls.count(operation)
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.shared.calls.clear();
    }

    /// What API servers asked about tokens so far, and were told. They keep an answer for a while.
    pub fn token_reviews(&self) -> Vec<TokenReview> {
        lock(&self.shared.token_reviews).clone()
    }

    /// Everything that there is, by cluster: `clusters.NAME.{cluster, capabilities, accessEntries,
    /// podIdentityAssociations, updates}`, in the API's own shapes.
    pub fn state_json(&self) -> Value {
        self.shared.state().dump()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

/// What both [`Emulator`] and the routes under `/_sandbox/` do.
impl Shared {
    fn add_cluster(&self, spec: ClusterSpec) {
        let mut state = self.state();
        if let Ok(cluster) = state.cluster_mut(&spec.name) {
            cluster.spec = spec;
        } else {
            let cluster = Cluster::new(self, spec);
            state.clusters.push(cluster);
        }
    }

    fn set_cluster_status(&self, cluster: &str, status: ClusterStatus) -> anyhow::Result<()> {
        self.with_cluster(cluster, |cluster| cluster.status = status)
    }

    fn set_authentication_mode(
        &self,
        cluster: &str,
        mode: AuthenticationMode,
    ) -> anyhow::Result<()> {
        self.with_cluster(cluster, |cluster| cluster.authentication_mode = mode)
    }

    fn set_capability_status(
        &self,
        cluster: &str,
        capability: &str,
        status: CapabilityStatus,
        issues: Vec<Issue>,
    ) -> anyhow::Result<()> {
        let set = self.with_cluster(cluster, |cluster| {
            let found = cluster.capabilities.get_mut(capability);
            found.map(|capability| capability.set_status(status, issues))
        })?;
        set.with_context(|| format!("cluster {cluster} has no capability {capability}"))
    }

    fn add_access_key(&self, key: AccessKey) {
        lock(&self.access_keys).insert(key.access_key_id.clone(), key);
    }

    fn with_cluster<T>(
        &self,
        name: &str,
        work: impl FnOnce(&mut Cluster) -> T,
    ) -> anyhow::Result<T> {
        let mut state = self.state();
        let cluster = state.cluster_mut(name);
        let cluster = cluster.map_err(|error| anyhow::anyhow!(error.message))?;
        Ok(work(cluster))
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
