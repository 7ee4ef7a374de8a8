//! The real kro: one controller. Its custom resource definitions must be there already.

use std::path::Path;
use std::process::Command;

use crate::ports;
use crate::process::{Process, START_TIMEOUT, Supervisor, listens};
use crate::tools::Toolbox;

/// A running kro. Dropping it ends it; what it made in the cluster stays.
#[derive(Debug)]
pub struct Kro {
    _process: Process,
}

impl Kro {
    /// Starts it with the rights of a kubeconfig. Ready when it answers probes.
    pub async fn start(
        tools: &Toolbox,
        supervisor: &Supervisor,
        kubeconfig: &Path,
    ) -> anyhow::Result<Self> {
        let probes = ports::free()?;
        let mut kro = Command::new(tools.require("kro")?);
        kro.env("KUBECONFIG", kubeconfig);
        kro.args(["--metrics-bind-address", &format!("127.0.0.1:{}", ports::free()?)]);
        kro.args(["--health-probe-bind-address", &format!("127.0.0.1:{probes}")]);
        let mut process = supervisor.spawn("kro", &kro)?;
        process.wait_ready(START_TIMEOUT, || listens(probes)).await?;
        Ok(Self { _process: process })
    }
}
