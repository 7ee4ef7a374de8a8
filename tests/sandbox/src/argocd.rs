//! The real Argo CD: application controller, `ApplicationSet` controller, repo server and a Redis.
//!
//! Two ways lead here. Self-managed, it runs against the cluster as an administrator, as its Helm
//! chart would have it. Managed, it appears when an EKS capability turns ACTIVE, sees the cluster
//! through [`view`] and deploys with the capability's role: see [`crate::managed`].

pub mod notifications;
pub mod view;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use futures::future::try_join;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::api::{DynamicObject, ListParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::environment::around_proxies;
use crate::kubernetes;
use crate::ports;
use crate::process::{Process, START_TIMEOUT, Supervisor, listens};
use crate::tools::Toolbox;

/// What differs between the two ways of running it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The namespace of its objects and settings; created if it does not exist.
    pub namespace: String,
    /// The kubeconfig of its controllers, whose context names the namespace.
    pub kubeconfig: PathBuf,
    /// As the EKS capability runs it: no cluster registered by itself, the capability's intervals,
    /// and a default project that names its namespace.
    pub managed: bool,
    /// Its custom resource definitions, by file name.
    pub definitions: BTreeMap<String, String>,
}

/// A running Argo CD. Dropping it ends it; its objects in the cluster stay.
#[derive(Debug)]
pub struct ArgoCd {
    _processes: [Process; 4],
}

impl ArgoCd {
    /// Installs the custom resource definitions, creates what the controllers expect to find, and
    /// starts them under `folder`. Ready when every program listens.
    pub async fn start(
        folder: &Path,
        tools: &Toolbox,
        supervisor: &Supervisor,
        admin: Client,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let files = Files::create(folder, tools)?;
        let redis = ports::free()?;
        let repo_server = ports::free()?;
        let (metrics, probes) = (ports::free()?, ports::free()?);

        // Neither of the first two looks at the cluster, so they start beside the installation.
        let mut redis_process =
            supervisor.spawn("argocd-redis", &redis_server(tools, &files, redis)?)?;
        let mut repo_process = supervisor
            .spawn("argocd-repo-server", &files.repo_server(settings, redis, repo_server)?)?;
        kubernetes::install(&admin, &settings.definitions).await?;
        create_objects(&admin, settings).await?;
        let mut controller = supervisor.spawn(
            "argocd-application-controller",
            &files.application_controller(settings, redis, repo_server, metrics),
        )?;
        let mut sets = supervisor.spawn(
            "argocd-applicationset-controller",
            &files.set_controller(settings, repo_server, probes)?,
        )?;
        try_join(
            try_join(
                redis_process.wait_ready(START_TIMEOUT, || listens(redis)),
                repo_process.wait_ready(START_TIMEOUT, || listens(repo_server)),
            ),
            try_join(
                controller.wait_ready(START_TIMEOUT, || listens(metrics)),
                sets.wait_ready(START_TIMEOUT, || listens(probes)),
            ),
        )
        .await?;
        Ok(Self { _processes: [controller, sets, repo_process, redis_process] })
    }
}

/// The folders that its programs expect at fixed places of a container image.
struct Files {
    folder: PathBuf,
    path: String,
}

impl Files {
    fn create(folder: &Path, tools: &Toolbox) -> anyhow::Result<Self> {
        for name in ["bin", "home", "tmp", "tls", "ssh", "gpg", "gnupg"] {
            fs::create_dir_all(folder.join(name))?;
        }
        fs::write(folder.join("ssh/ssh_known_hosts"), "")?;
        // One binary: which program it is depends on the name it is started under. Git asks it for
        // passwords as `argocd`.
        let program = tools.require("argocd")?;
        for name in [
            "argocd",
            "argocd-application-controller",
            "argocd-applicationset-controller",
            "argocd-k8s-auth",
            "argocd-repo-server",
        ] {
            let link = folder.join("bin").join(name);
            if !link.exists() {
                symlink(program, link)?;
            }
        }
        let found = ["kustomize", "helm"].into_iter().filter_map(|name| tools.get(name)?.parent());
        let own = folder.join("bin");
        let user = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(own.as_path())
            .chain(found)
            .map(Path::to_owned)
            .chain(std::env::split_paths(&user));
        let path = std::env::join_paths(path)?.into_string().ok().context("PATH is not UTF-8")?;
        Ok(Self { folder: folder.to_owned(), path })
    }

    fn command(&self, program: &str, settings: &Settings) -> Command {
        let folder = |name: &str| self.folder.join(name);
        let mut command = Command::new(folder("bin").join(program));
        command
            .current_dir(&self.folder)
            .env("PATH", &self.path)
            .env("HOME", folder("home"))
            .env("TMPDIR", folder("tmp"))
            .env("KUBECONFIG", &settings.kubeconfig)
            // https://kubernetes.default.svc then means the cluster of that kubeconfig.
            .env("ARGOCD_FAKE_IN_CLUSTER", "true")
            .env("ARGOCD_TLS_DATA_PATH", folder("tls"))
            .env("ARGOCD_SSH_DATA_PATH", folder("ssh"))
            .env("ARGOCD_GPG_DATA_PATH", folder("gpg"))
            .env("ARGOCD_GNUPGHOME", folder("gnupg"))
            .env("ARGOCD_GPG_ENABLED", "false")
            .env("ARGOCD_ASK_PASS_SOCK", folder("ask-pass.sock"))
            // Its own throttle, of 50 requests a second, would be most of what a test waits for.
            .env("ARGOCD_K8S_CLIENT_QPS", "500")
            .env("ARGOCD_K8S_CLIENT_BURST", "1000")
            .env("NO_PROXY", around_proxies(std::env::var("NO_PROXY").ok()))
            .env("no_proxy", around_proxies(std::env::var("no_proxy").ok()))
            // The machine's own settings must not reach Git; the user's are in another HOME.
            .env("GIT_CONFIG_NOSYSTEM", "1");
        // The capability polls Git every six minutes and ends a sync after two.
        if settings.managed {
            command.env("ARGOCD_RECONCILIATION_TIMEOUT", "360s");
        }
        command
    }

    fn repo_server(&self, settings: &Settings, redis: u16, port: u16) -> anyhow::Result<Command> {
        let mut command = self.command("argocd-repo-server", settings);
        command.args(["--redis", &format!("127.0.0.1:{redis}"), "--disable-tls"]);
        command.args(["--address", "127.0.0.1", "--port", &port.to_string()]);
        command.args([
            "--metrics-address",
            "127.0.0.1",
            "--metrics-port",
            &ports::free()?.to_string(),
        ]);
        Ok(command)
    }

    fn application_controller(
        &self,
        settings: &Settings,
        redis: u16,
        repo_server: u16,
        metrics: u16,
    ) -> Command {
        let mut command = self.command("argocd-application-controller", settings);
        command.args(["--redis", &format!("127.0.0.1:{redis}")]);
        command.args([
            "--repo-server",
            &format!("127.0.0.1:{repo_server}"),
            "--repo-server-plaintext",
        ]);
        // The one listener that cannot be bound to loopback: the address is fixed, 0.0.0.0, and a
        // port has to be given.
        command.args(["--metrics-port", &metrics.to_string()]);
        if settings.managed {
            command.args(["--sync-timeout", "120"]);
        } else {
            // Else nobody but Argo CD's API server, which does not run here, says what ails a
            // resource.
            command.arg("--persist-resource-health");
        }
        command
    }

    fn set_controller(
        &self,
        settings: &Settings,
        repo_server: u16,
        probes: u16,
    ) -> anyhow::Result<Command> {
        let mut command = self.command("argocd-applicationset-controller", settings);
        command.args([
            "--argocd-repo-server",
            &format!("127.0.0.1:{repo_server}"),
            "--repo-server-plaintext",
        ]);
        command.args([
            "--namespace",
            &settings.namespace,
            "--probe-addr",
            &format!("127.0.0.1:{probes}"),
        ]);
        if !settings.managed {
            // Off unless asked for, and nobody can ask the capability.
            command.arg("--enable-progressive-syncs");
        }
        command.args(["--metrics-addr", &format!("127.0.0.1:{}", ports::free()?)]);
        command.args(["--webhook-addr", &format!("127.0.0.1:{}", ports::free()?)]);
        Ok(command)
    }
}

fn redis_server(tools: &Toolbox, files: &Files, port: u16) -> anyhow::Result<Command> {
    let mut redis = Command::new(tools.require("redis-server")?);
    redis.current_dir(&files.folder);
    redis.args([
        "--port",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
    ]);
    Ok(redis)
}

/// The kinds of Argo CD, for clients that have no types for them.
pub fn api_resource(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", kind))
}

/// What an installation brings along. Objects that exist are left as they are.
async fn create_objects(client: &Client, settings: &Settings) -> anyhow::Result<()> {
    let namespace = &settings.namespace;
    create(&Api::<Namespace>::all(client.clone()), json!({ "metadata": { "name": namespace } }))
        .await?;

    let metadata =
        |name: &str| json!({ "name": name, "labels": { "app.kubernetes.io/part-of": "argocd" } });
    let maps = Api::<ConfigMap>::namespaced(client.clone(), namespace);
    // Managed, a cluster has to be registered, and that by its ARN.
    let in_cluster = (!settings.managed).to_string();
    let data = json!({ "cluster.inClusterEnabled": in_cluster });
    create(&maps, json!({ "metadata": metadata("argocd-cm"), "data": data })).await?;
    for name in ["argocd-cmd-params-cm", "argocd-rbac-cm"] {
        create(&maps, json!({ "metadata": metadata(name) })).await?;
    }
    let secrets = Api::<Secret>::namespaced(client.clone(), namespace);
    let data = json!({ "server.secretkey": uuid::Uuid::new_v4().to_string() });
    create(&secrets, json!({ "metadata": metadata("argocd-secret"), "stringData": data })).await?;

    // Elsewhere Argo CD's API server makes it.
    let projects = Api::<DynamicObject>::namespaced_with(
        client.clone(),
        namespace,
        &api_resource("AppProject"),
    );
    let mut spec = json!({
        "sourceRepos": ["*"],
        "destinations": [{ "namespace": "*", "server": "*" }],
        "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
    });
    if settings.managed {
        spec["sourceNamespaces"] = json!([namespace]);
    }
    let project = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": { "name": "default" },
        "spec": spec,
    });
    // Established is not yet served: discovery follows within a moment.
    for _ in 0..100 {
        match projects.list(&ListParams::default().limit(1)).await {
            Ok(_) => break,
            Err(kube::Error::Api(e)) if e.code == 404 => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(e) => return Err(e).context("cannot list the projects of Argo CD"),
        }
    }
    create(&projects, project).await
}

async fn create<K>(api: &Api<K>, object: serde_json::Value) -> anyhow::Result<()>
where
    K: Resource + Clone + std::fmt::Debug + DeserializeOwned + Serialize,
{
    let name = object["metadata"]["name"].to_string();
    match api.create(&PostParams::default(), &serde_json::from_value(object)?).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(e)) if e.code == 409 => Ok(()),
        Err(e) => Err(e).with_context(|| format!("cannot create {name} for Argo CD")),
    }
}
