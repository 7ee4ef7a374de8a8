//! Argo CD's notifications controller, for those who want to see what it sends.
//!
//! It is no part of a sandbox from the start: most have nobody to notify, and its metrics, as those
//! of the application controller, are served on all addresses of the machine.

use std::process::Command;

use anyhow::Context as _;

use crate::Sandbox;
use crate::environment::around_proxies;
use crate::ports;
use crate::process::{Process, START_TIMEOUT, listens};

/// A running controller. Dropping it ends it.
#[derive(Debug)]
pub struct Notifications {
    process: Process,
}

impl Notifications {
    /// Starts it beside a self-managed Argo CD in `namespace`. Ready when it listens; it then looks
    /// at the applications that there are, and at every change of one.
    pub async fn start(sandbox: &Sandbox, namespace: &str) -> anyhow::Result<Self> {
        let program = sandbox.tool("argocd").context("the sandbox has no Argo CD")?;
        let metrics = ports::free()?;
        let mut command = Command::new(program);
        command
            .env("ARGOCD_BINARY_NAME", "argocd-notifications")
            .env("KUBECONFIG", &sandbox.control_plane().admin().file)
            .env("HOME", sandbox.folder())
            .env("ARGOCD_TLS_DATA_PATH", sandbox.folder().join("argocd/tls"))
            .env("NO_PROXY", around_proxies(std::env::var("NO_PROXY").ok()))
            .env("no_proxy", around_proxies(std::env::var("no_proxy").ok()))
            .args(["--namespace", namespace, "--metrics-port", &metrics.to_string()])
            // Only templates that ask for commits and files need it.
            .args(["--argocd-repo-server", "127.0.0.1:1", "--argocd-repo-server-plaintext"]);
        let mut process = sandbox.supervisor().spawn("argocd-notifications", &command)?;
        process.wait_ready(START_TIMEOUT, || listens(metrics)).await?;
        Ok(Self { process })
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        let log = std::fs::read(self.process.log()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }
}
