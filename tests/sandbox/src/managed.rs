//! What AWS runs behind an EKS capability: the emulator says when, this starts the real
//! controllers.
//!
//! An ARGOCD capability brings Argo CD's custom resource definitions, its namespace and default
//! project, and controllers that read their objects as AWS' service and deploy as the capability's
//! role. A KRO capability brings kro, which does everything as its role. Of ACK there is nothing to
//! run here.
//!
//! When the capability is deleted the controllers end and everything in the cluster stays, which is
//! what the one delete propagation policy, RETAIN, says.

mod identity;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, Weak};

use anyhow::Context as _;
use futures::FutureExt as _;
use tokio::sync::Mutex;

pub use identity::{Identity, token};

use crate::argocd::view::View;
use crate::argocd::{ArgoCd, Settings};
use crate::aws;
use crate::cache::Cache;
use crate::eks::{CapabilityEvent, CapabilityHook, CapabilityKind, Emulator};
use crate::kro::Kro;
use crate::kubernetes::{self, Access};
use crate::options::{Options, Part};
use crate::process::Supervisor;
use crate::tools::{CustomResources, Tool, Toolbox};

/// Starts and ends controllers as capabilities come and go. Clones are the same.
#[derive(Clone, Debug)]
pub struct Managed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: Options,
    folder: PathBuf,
    tools: Toolbox,
    supervisor: Supervisor,
    aws: aws::Api,
    /// Known once the API server runs, which is after the emulator does.
    cluster: OnceLock<Cluster>,
    running: Mutex<BTreeMap<CapabilityKind, Running>>,
}

/// The cluster that the capabilities are of.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// As the EKS API gives it.
    pub arn: String,
    /// As an administrator.
    pub admin: Access,
    /// Without credentials.
    pub anonymous: Access,
    /// Tells which role a capability has now; weak, as it holds the hooks.
    pub emulator: Weak<Emulator>,
}

/// The controllers of one capability; the order of the fields is the order in which they end.
#[derive(Debug)]
struct Running {
    _argocd: Option<ArgoCd>,
    _kro: Option<Kro>,
    _view: View,
}

impl Managed {
    /// Nothing runs yet, and no cluster is known. Files and logs go under `folder`.
    pub fn new(
        options: Options,
        folder: PathBuf,
        tools: Toolbox,
        supervisor: Supervisor,
        aws: aws::Api,
    ) -> Self {
        let (cluster, running) = (OnceLock::new(), Mutex::default());
        Self(Arc::new(Inner { options, folder, tools, supervisor, aws, cluster, running }))
    }

    /// Says which cluster it is; once, before the first capability.
    pub fn set_cluster(&self, cluster: Cluster) {
        // The sandbox has one and sets it in one place.
        let _ = self.0.cluster.set(cluster);
    }

    /// The kinds of the capabilities whose controllers run.
    pub async fn running(&self) -> Vec<CapabilityKind> {
        self.0.running.lock().await.keys().copied().collect()
    }

    /// For the emulator to call before a capability turns `ACTIVE`.
    pub fn on_active(&self) -> CapabilityHook {
        // Weak: the emulator must not keep the controllers alive.
        let inner = Arc::downgrade(&self.0);
        Arc::new(move |event| {
            let inner = inner.upgrade();
            async move {
                let inner = inner.context("the sandbox has ended")?;
                inner.start(event).await
            }
            .boxed()
        })
    }

    /// For the emulator to call when a capability is gone.
    pub fn on_deleted(&self) -> CapabilityHook {
        let inner = Arc::downgrade(&self.0);
        Arc::new(move |event| {
            let inner = inner.upgrade();
            async move {
                if let Some(inner) = inner {
                    inner.running.lock().await.remove(&event.kind);
                }
                Ok(())
            }
            .boxed()
        })
    }
}

impl Inner {
    async fn start(&self, event: CapabilityEvent) -> anyhow::Result<()> {
        let kind = event.kind;
        let left_out = |part| self.options.without.contains(&part);
        let mut running = self.running.lock().await;
        // One of a kind in a cluster: whatever runs is of one that failed to start.
        running.remove(&kind);
        let started = match kind {
            CapabilityKind::Argocd if !left_out(Part::Argocd) => self.start_argocd(event).await?,
            CapabilityKind::Kro if !left_out(Part::Kro) => self.start_kro(event).await?,
            _ => return Ok(()),
        };
        running.insert(kind, started);
        Ok(())
    }

    async fn start_argocd(&self, event: CapabilityEvent) -> anyhow::Result<Running> {
        let cluster = self.cluster()?;
        let namespace = event.namespace.clone().unwrap_or_else(|| "argocd".to_owned());
        // As the AWS SDK for Go names its sessions.
        let session = format!("aws-go-sdk-{}", jiff::Timestamp::now().as_nanosecond());
        let view = self.view(cluster, event, session).await?;

        let folder = self.folder.join("argocd");
        std::fs::create_dir_all(&folder)?;
        let kubeconfig = kubernetes::kubeconfig(&view.hub(), None, None, &namespace);
        let access = Access::write(&folder.join("hub.kubeconfig"), &kubeconfig).await?;
        let settings = Settings {
            namespace,
            kubeconfig: access.file,
            managed: true,
            definitions: CustomResources::ArgoCd.files(&Cache::of_user()?)?,
        };
        let admin = cluster.admin.client()?;
        let argocd =
            ArgoCd::start(&folder, &self.tools, &self.supervisor, admin, &settings).await?;
        Ok(Running { _argocd: Some(argocd), _kro: None, _view: view })
    }

    async fn start_kro(&self, event: CapabilityEvent) -> anyhow::Result<Running> {
        let cluster = self.cluster()?;
        // Not prepared unless asked for: minutes, the first time.
        let prepare = || {
            let cache = Cache::of_user()?;
            let definitions = CustomResources::Kro.files(&cache)?;
            anyhow::Ok((Toolbox::prepare(&cache, &[Tool::Kro])?, definitions))
        };
        let (tools, definitions) = tokio::task::spawn_blocking(prepare).await??;
        kubernetes::install(&cluster.admin.client()?, &definitions).await?;

        // As the capability names its sessions.
        let view = self.view(cluster, event, "KRO".to_owned()).await?;
        let folder = self.folder.join("kro");
        std::fs::create_dir_all(&folder)?;
        let kubeconfig = kubernetes::kubeconfig(&view.cluster(&cluster.arn), None, None, "default");
        let access = Access::write(&folder.join("kro.kubeconfig"), &kubeconfig).await?;
        let kro = Kro::start(&tools, &self.supervisor, &access.file).await?;
        Ok(Running { _argocd: None, _kro: Some(kro), _view: view })
    }

    fn cluster(&self) -> anyhow::Result<&Cluster> {
        self.cluster.get().context("the cluster of the sandbox is not up yet")
    }

    async fn view(
        &self,
        cluster: &Cluster,
        event: CapabilityEvent,
        session: String,
    ) -> anyhow::Result<View> {
        let emulator = cluster.emulator.clone();
        let role = move || role_of(&emulator, &event);
        let region = self.options.region.clone();
        let identity = Identity::new(self.aws.clone(), Box::new(role), session, region);
        let view = View::start(cluster.admin.client()?, identity).await?;
        view.add_cluster(&cluster.arn, cluster.anonymous.client()?);
        Ok(view)
    }
}

/// The role that the capability has by now: it may have been given another one.
fn role_of(emulator: &Weak<Emulator>, event: &CapabilityEvent) -> String {
    let state = emulator.upgrade().map(|emulator| emulator.state_json()).unwrap_or_default();
    let capabilities = state["clusters"][&event.cluster]["capabilities"].as_array();
    let mut capabilities = capabilities.into_iter().flatten();
    let this = capabilities.find(|capability| capability["capabilityName"] == event.name.as_str());
    let role = this.and_then(|capability| capability["roleArn"].as_str());
    role.unwrap_or(&event.role_arn).to_owned()
}
