//! A real Kubernetes control plane: etcd, kube-apiserver and the controllers that deletion depends
//! on.
//!
//! There are no nodes and no kubelet, so nothing that needs a Pod to run ever becomes ready. What
//! an API client sees otherwise (validation, defaulting, server-side apply, watches, owners,
//! finalizers, RBAC) is the real thing.

mod certificates;
mod definitions;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;

pub use certificates::Certificates;
pub use definitions::install;

use crate::ports;
use crate::process::{Process, START_TIMEOUT, Supervisor, listens};
use crate::tools::Toolbox;

/// Deletion hangs without the first two; the third fills the roles admin, edit and view.
const CONTROLLERS: [&str; 3] =
    ["garbage-collector-controller", "namespace-controller", "clusterrole-aggregation-controller"];

/// The URLs at which the API server asks who somebody is and what they may do.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// Takes a `TokenReview`.
    pub authentication: String,
    /// Takes a `SubjectAccessReview`, after RBAC had no answer.
    pub authorization: String,
}

/// A running control plane. Dropping it ends it.
#[derive(Debug)]
pub struct ControlPlane {
    endpoint: String,
    ca_pem: String,
    admin: Access,
    _processes: Vec<Process>,
}

/// A kubeconfig file and what is in it.
#[derive(Clone, Debug)]
pub struct Access {
    /// The file, for other programs.
    pub file: PathBuf,
    /// The same for this process; every use makes a client of its own, bound to its own async
    /// runtime.
    pub config: kube::Config,
}

impl ControlPlane {
    /// Starts it under `folder`. Ready when the API server says so and the controllers run.
    pub async fn start(
        folder: &Path,
        tools: &Toolbox,
        supervisor: &Supervisor,
        webhooks: Option<&Webhooks>,
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let etcd_port = ports::free()?;
        let mut etcd =
            supervisor.spawn("etcd", &etcd(folder, tools.require("etcd")?, etcd_port)?)?;

        // Beside etcd's start: keys take a moment.
        let certificates = Certificates::generate(folder)?;
        let token = uuid::Uuid::new_v4().to_string();
        let tokens = folder.join("tokens.csv");
        fs::write(&tokens, format!("{token},sandbox-admin,sandbox-admin,system:masters\n"))?;
        etcd.wait_ready(START_TIMEOUT, || listens(etcd_port)).await?;

        let port = ports::free()?;
        let mut server = Command::new(tools.require("kube-apiserver")?);
        server.args(api_server_arguments(port, etcd_port)).args(files_arguments(
            folder,
            &certificates,
            &tokens,
        ));
        if let Some(webhooks) = webhooks {
            server.args(webhook_arguments(folder, webhooks)?);
        } else {
            server.arg("--authorization-mode=RBAC");
        }
        let mut server = supervisor.spawn("kube-apiserver", &server)?;

        let endpoint = format!("https://127.0.0.1:{port}");
        let kubeconfig = kubeconfig(&endpoint, Some(&certificates.ca_pem), Some(&token), "default");
        let admin = Access::write(&folder.join("admin.kubeconfig"), &kubeconfig).await?;
        let client = admin.client()?;
        server.wait_ready(START_TIMEOUT, || is_ready(port, &client)).await?;

        let mut controllers = Command::new(tools.require("kube-controller-manager")?);
        controllers
            .arg("--kubeconfig")
            .arg(&admin.file)
            .arg(format!("--controllers={}", CONTROLLERS.join(",")))
            .args(["--leader-elect=false", "--secure-port=0", "--concurrent-gc-syncs=5"]);
        let controllers = supervisor.spawn("kube-controller-manager", &controllers)?;

        let processes = vec![controllers, server, etcd];
        Ok(Self { endpoint, ca_pem: certificates.ca_pem, admin, _processes: processes })
    }

    /// `https://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The certificate that signed the API server's.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// As a member of `system:masters`.
    pub fn admin(&self) -> &Access {
        &self.admin
    }
}

impl Access {
    /// Writes the kubeconfig (as JSON, which is YAML) and reads it as kube does.
    pub(crate) async fn write(file: &Path, kubeconfig: &serde_json::Value) -> anyhow::Result<Self> {
        fs::write(file, serde_json::to_vec_pretty(kubeconfig)?)?;
        let parsed: Kubeconfig = serde_json::from_value(kubeconfig.clone())?;
        let mut config =
            kube::Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await?;
        // A watch is silent for as long as nothing happens.
        config.read_timeout = None;
        Ok(Self { file: file.to_owned(), config })
    }

    /// A client bound to the current async runtime.
    pub fn client(&self) -> anyhow::Result<kube::Client> {
        kube::Client::try_from(self.config.clone()).context("cannot make a Kubernetes client")
    }
}

/// A kubeconfig with one cluster, one user (with a bearer token, or anonymous) and one context.
pub(crate) fn kubeconfig(
    server: &str,
    ca_pem: Option<&str>,
    token: Option<&str>,
    namespace: &str,
) -> serde_json::Value {
    let mut cluster = json!({ "server": server });
    if let Some(pem) = ca_pem {
        cluster["certificate-authority-data"] = STANDARD.encode(pem).into();
    }
    // An empty token would be sent as one.
    let user = token.map_or_else(|| json!({}), |token| json!({ "token": token }));
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "sandbox", "cluster": cluster }],
        "users": [{ "name": "sandbox", "user": user }],
        "contexts": [{
            "name": "sandbox",
            "context": { "cluster": "sandbox", "user": "sandbox", "namespace": namespace },
        }],
        "current-context": "sandbox",
    })
}

async fn is_ready(port: u16, client: &kube::Client) -> bool {
    if !listens(port).await {
        return false;
    }
    let request = http::Request::get("/readyz").body(Vec::new());
    match request {
        Ok(request) => client.request_text(request).await.is_ok(),
        Err(_) => false,
    }
}

fn etcd(folder: &Path, program: &Path, port: u16) -> anyhow::Result<Command> {
    let url = format!("http://127.0.0.1:{port}");
    let peers = format!("http://127.0.0.1:{}", ports::free()?);
    let mut etcd = Command::new(program);
    etcd.arg("--data-dir").arg(folder.join("etcd"));
    etcd.args(["--listen-client-urls", &url, "--advertise-client-urls", &url]);
    etcd.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
    etcd.args(["--initial-cluster", &format!("default={peers}")]);
    // Nothing here is to survive a crash.
    etcd.args(["--unsafe-no-fsync", "--log-level=warn"]);
    Ok(etcd)
}

fn api_server_arguments(port: u16, etcd_port: u16) -> [String; 13] {
    [
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".into(),
        // Else it looks for an address that others can reach, to publish it as the service
        // `kubernetes`; a machine may have none.
        "--advertise-address=127.0.0.1".into(),
        "--endpoint-reconciler-type=none".into(),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        "--service-cluster-ip-range=10.96.0.0/16".into(),
        // It holds Pods back until their account exists, and its controller does not run.
        "--disable-admission-plugins=ServiceAccount".into(),
        "--anonymous-auth=true".into(),
        "--profiling=false".into(),
        // One user at a time: queueing by fairness only costs start time.
        "--enable-priority-and-fairness=false".into(),
        "--max-requests-inflight=1000".into(),
        "--max-mutating-requests-inflight=1000".into(),
    ]
}

fn files_arguments(folder: &Path, certificates: &Certificates, tokens: &Path) -> Vec<String> {
    [
        ("cert-dir", folder),
        ("tls-cert-file", &certificates.server_certificate),
        ("tls-private-key-file", &certificates.server_key),
        ("service-account-key-file", &certificates.account_public_key),
        ("service-account-signing-key-file", &certificates.account_key),
        ("token-auth-file", tokens),
    ]
    .into_iter()
    .map(|(name, file)| format!("--{name}={}", file.display()))
    .collect()
}

/// EKS' chain: RBAC first, then the access policies of the principal's access entry.
///
/// The caches are short because tests change access and look at once; EKS itself takes seconds.
fn webhook_arguments(folder: &Path, webhooks: &Webhooks) -> anyhow::Result<Vec<String>> {
    let file = |name: &str, url: &str| -> anyhow::Result<String> {
        let path = folder.join(format!("{name}.kubeconfig"));
        fs::write(&path, serde_json::to_vec_pretty(&kubeconfig(url, None, None, "default"))?)?;
        Ok(path.display().to_string())
    };
    Ok(vec![
        format!(
            "--authentication-token-webhook-config-file={}",
            file("authentication", &webhooks.authentication)?
        ),
        "--authentication-token-webhook-version=v1".into(),
        "--authentication-token-webhook-cache-ttl=1s".into(),
        "--authorization-mode=RBAC,Webhook".into(),
        format!(
            "--authorization-webhook-config-file={}",
            file("authorization", &webhooks.authorization)?
        ),
        "--authorization-webhook-version=v1".into(),
        "--authorization-webhook-cache-authorized-ttl=1s".into(),
        "--authorization-webhook-cache-unauthorized-ttl=1s".into(),
    ])
}
