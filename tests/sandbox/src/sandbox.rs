//! One sandbox: its parts, started in the order in which they need one another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::runtime::Runtime;

use crate::argocd::{self, ArgoCd};
use crate::aws;
use crate::cache::Cache;
use crate::cloud::Cloud;
use crate::eks::{CapabilityKind, Emulator};
use crate::eks_api::EksApi;
use crate::environment;
use crate::git::{self, GitServer};
use crate::kro::Kro;
use crate::kubernetes::{self, Access, ControlPlane};
use crate::options::{Options, Part};
use crate::process::Supervisor;
use crate::tools::{CustomResources, Toolbox};

/// Running programs on loopback around one EKS cluster. Dropping it ends all of them and removes
/// its folder.
#[derive(Debug)]
pub struct Sandbox {
    parts: Parts,
    /// Of its own, so that the sandbox outlives the runtime of the test that happened to start it.
    runtime: Option<Runtime>,
}

/// The order of the fields is the order in which they end: what uses a part ends before it.
#[derive(Debug)]
struct Parts {
    _installed: Installed,
    cloud: Option<Cloud>,
    control_plane: ControlPlane,
    git: GitServer,
    region: String,
    environment: Vec<(String, String)>,
    timings: Vec<(&'static str, Duration)>,
    tools: Toolbox,
    supervisor: Supervisor,
    folder: PathBuf,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Not by its own destructor, which would block and so must not run inside another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Sandbox {
    /// Builds what is missing (minutes the first time, told on stderr) and starts the parts
    /// (seconds).
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sandbox")
            .enable_all()
            .build()?;
        let parts = runtime.spawn(Parts::start(options)).await;
        let parts = parts.context("starting the sandbox panicked").and_then(|parts| parts);
        // A runtime must not be dropped inside another one, and an error leaves through here too.
        match parts {
            Ok(parts) => Ok(Self { parts, runtime: Some(runtime) }),
            Err(e) => {
                runtime.shutdown_background();
                Err(e)
            }
        }
    }

    /// Builds what a sandbox with these options needs, without starting it.
    pub fn prepare(options: &Options) -> anyhow::Result<Toolbox> {
        let cache = Cache::of_user()?;
        for (definitions, _) in options.custom_resources() {
            definitions.files(&cache)?;
        }
        Toolbox::prepare(&cache, &options.tools())
    }

    /// What a program inside the sandbox finds in its environment; `docs/sandbox.md` has the list.
    pub fn env(&self) -> &[(String, String)] {
        &self.parts.environment
    }

    /// A variable of [`Sandbox::env`].
    pub fn var(&self, name: &str) -> Option<&str> {
        let mut all = self.parts.environment.iter();
        all.find(|(had, _)| had == name).map(|(_, value)| value.as_str())
    }

    /// A client of an administrator, bound to the current async runtime.
    pub fn kube(&self) -> anyhow::Result<kube::Client> {
        self.parts.control_plane.admin().client()
    }

    /// The control plane, for its endpoint and kubeconfig.
    pub fn control_plane(&self) -> &ControlPlane {
        &self.parts.control_plane
    }

    /// The EKS API; fails in a sandbox without AWS.
    pub fn eks(&self) -> anyhow::Result<&Emulator> {
        Ok(&self.cloud()?.emulator)
    }

    /// A client of the EKS API; fails in a sandbox without AWS.
    pub fn eks_api(&self) -> anyhow::Result<EksApi> {
        Ok(EksApi::new(self.eks()?.url(), &self.parts.region))
    }

    /// IAM and STS; fails in a sandbox without AWS.
    pub fn iam(&self) -> anyhow::Result<&aws::Api> {
        Ok(self.cloud()?.moto.api())
    }

    /// The kinds of the capabilities whose controllers run.
    pub async fn capabilities(&self) -> Vec<CapabilityKind> {
        match &self.parts.cloud {
            Some(cloud) => cloud.managed.running().await,
            None => Vec::new(),
        }
    }

    fn cloud(&self) -> anyhow::Result<&Cloud> {
        self.parts.cloud.as_ref().context("this sandbox is without AWS")
    }

    /// The Git server, for further repositories.
    pub fn git(&self) -> &GitServer {
        &self.parts.git
    }

    /// The URL of the repository with the demo applications.
    pub fn git_url(&self) -> String {
        self.parts.git.repository(git::DEMO)
    }

    /// Where a program is; `terraform` only with [`Part::Terraform`](crate::Part).
    pub fn tool(&self, name: &str) -> Option<&Path> {
        self.parts.tools.get(name)
    }

    /// The temporary folder. Logs are in `logs/`.
    pub fn folder(&self) -> &Path {
        &self.parts.folder
    }

    /// For starting further programs that must not outlive the sandbox.
    pub fn supervisor(&self) -> &Supervisor {
        &self.parts.supervisor
    }

    /// How long each part took to start, in the order of their being ready.
    pub fn timings(&self) -> &[(&'static str, Duration)] {
        &self.parts.timings
    }
}

impl Parts {
    async fn start(options: Options) -> anyhow::Result<Self> {
        let prepared = options.clone();
        let tools = tokio::task::spawn_blocking(move || Sandbox::prepare(&prepared)).await??;
        let mut clock = Clock::start();

        let folder = tempfile::Builder::new().prefix("gitops-sandbox-").tempdir()?.keep();
        let supervisor = Supervisor::start(&folder)?;
        if options.keep_folder {
            supervisor.keep_folder()?;
        }
        let mut cloud = None;
        if options.has(Part::Aws) {
            cloud = Some(Cloud::start(&options, &folder, &tools, &supervisor)?);
        }
        let git = GitServer::start(&folder.join("git")).await?;
        clock.ready("git");

        let webhooks = cloud.as_ref().map(Cloud::webhooks);
        let home = folder.join("kubernetes");
        let control_plane =
            ControlPlane::start(&home, &tools, &supervisor, webhooks.as_ref()).await?;
        clock.ready("kubernetes");

        let mut aws = None;
        if let Some(cloud) = &mut cloud {
            let credentials = cloud.join(&options, &control_plane, &home).await?;
            let (moto, eks) = (cloud.moto.url().clone(), cloud.emulator.url());
            aws = Some(environment::Aws { moto, eks, credentials });
            clock.ready("aws");
        }
        let environment = environment::variables(&environment::Contents {
            options: &options,
            folder: &folder,
            tools: &tools,
            kubeconfig: &control_plane.admin().file,
            git_url: &git.repository(git::DEMO),
            aws,
        })?;
        let installed = Installed::at_start(
            &options,
            &folder,
            &tools,
            &supervisor,
            control_plane.admin(),
            &mut clock,
        )
        .await?;
        Ok(Self {
            _installed: installed,
            cloud,
            control_plane,
            git,
            region: options.region,
            environment,
            timings: clock.parts,
            tools,
            supervisor,
            folder,
        })
    }
}

/// The controllers inside the cluster that do not wait for a capability.
#[derive(Debug)]
struct Installed {
    _argocd: Option<ArgoCd>,
    _kro: Option<Kro>,
}

impl Installed {
    async fn at_start(
        options: &Options,
        folder: &Path,
        tools: &Toolbox,
        supervisor: &Supervisor,
        admin: &Access,
        clock: &mut Clock,
    ) -> anyhow::Result<Self> {
        let cache = Cache::of_user()?;
        let (mut argocd, mut kro) = (None, None);
        let at_start = options.custom_resources().into_iter().filter(|(_, at_start)| *at_start);
        for (custom_resources, _) in at_start {
            let definitions = custom_resources.files(&cache)?;
            match custom_resources {
                CustomResources::Kargo => {
                    kubernetes::install(&admin.client()?, &definitions).await?;
                    clock.ready("kargo");
                }
                CustomResources::ArgoCd => {
                    let settings = self_managed(folder, admin, definitions).await?;
                    let client = admin.client()?;
                    let folder = folder.join("argocd");
                    argocd =
                        Some(ArgoCd::start(&folder, tools, supervisor, client, &settings).await?);
                    clock.ready("argocd");
                }
                CustomResources::Kro => {
                    kubernetes::install(&admin.client()?, &definitions).await?;
                    kro = Some(Kro::start(tools, supervisor, &admin.file).await?);
                    clock.ready("kro");
                }
            }
        }
        Ok(Self { _argocd: argocd, _kro: kro })
    }
}

async fn self_managed(
    folder: &Path,
    admin: &Access,
    definitions: BTreeMap<String, String>,
) -> anyhow::Result<argocd::Settings> {
    let namespace = "argocd".to_owned();
    let mut kubeconfig: serde_json::Value = serde_json::from_slice(&std::fs::read(&admin.file)?)?;
    kubeconfig["contexts"][0]["context"]["namespace"] = namespace.clone().into();
    let access = Access::write(&folder.join("kubernetes/argocd.kubeconfig"), &kubeconfig).await?;
    let kubeconfig = access.file;
    Ok(argocd::Settings { namespace, kubeconfig, managed: false, definitions })
}

/// Measures the start.
struct Clock {
    start: Instant,
    parts: Vec<(&'static str, Duration)>,
}

impl Clock {
    fn start() -> Self {
        Self { start: Instant::now(), parts: Vec::new() }
    }

    fn ready(&mut self, part: &'static str) {
        self.parts.push((part, self.start.elapsed()));
    }
}
