//! The emulator against botocore's service model of EKS, with boto3 as the client.
//!
//! The check itself is Python, in `eks-check/` of this package: every operation is called, at least
//! once with success and once with an error, every raw answer is held against the model's output or
//! error shape, and tokens are made as `aws eks get-token` makes them. A second round has moto as the
//! IAM and STS backend.

use std::{net::Ipv4Addr, path::Path, time::Duration};

use anyhow::{Context, ensure};
use tokio::{net::TcpListener, process::Command};
use url::Url;

use super::{Emulator, EmulatorConfig};

/// Longer than the check takes by an order of magnitude.
const TIMEOUT: Duration = Duration::from_mins(2);

/// Short enough for dozens of transitions, long enough for a client on a busy machine to see one.
const TICK: Duration = Duration::from_millis(100);

/// Starts emulators and runs the check on them. `python` is an interpreter that has boto3 and moto
/// (with its server). Returns what the check says of its extent; fails with all that it found.
pub async fn check(python: &Path) -> anyhow::Result<String> {
    let emulator = Emulator::start(EmulatorConfig { tick: TICK, ..EmulatorConfig::default() })?;
    let alone = run(python, &["--url", emulator.url().as_str()]).await?;

    let port = free_port().await?;
    let moto = Url::parse(&format!("http://127.0.0.1:{port}/"))?;
    let emulator = Emulator::start(EmulatorConfig {
        tick: TICK,
        iam_url: Some(moto),
        ..EmulatorConfig::default()
    })?;
    let (url, port) = (emulator.url(), port.to_string());
    let arguments = ["--url", url.as_str(), "--moto-port", &port];
    let with_moto = run(python, &arguments).await?;
    Ok(format!("{alone}{with_moto}"))
}

async fn run(python: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("eks-check/check.py");
    let mut command = Command::new(python);
    // -B: no caches in the source tree.
    command.arg("-B").arg(script).args(arguments);
    command.kill_on_drop(true);
    let output = tokio::time::timeout(TIMEOUT, command.output()).await;
    let output = output.with_context(|| format!("the check took longer than {TIMEOUT:?}"))?;
    let output = output.with_context(|| format!("cannot run {}", python.display()))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "check.py {arguments:?}: {}\n{stderr}\n{stdout}",
        output.status
    );
    Ok(stdout.into_owned())
}

/// A port that was free a moment ago: moto is started by the check, after the emulator that must
/// know where it will be.
async fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn every_operation_answers_as_the_service_model_says() {
        let Some(python) = std::env::var_os("GITOPS_SANDBOX_PYTHON") else {
            eprintln!("skipped: GITOPS_SANDBOX_PYTHON names no python with boto3 and moto");
            return;
        };
        let summary = check(&PathBuf::from(python)).await.unwrap();
        let clean = summary.lines().filter(|line| line.ends_with(": 0 problems"));
        assert_eq!(clean.count(), 2, "{summary}");
    }

    #[tokio::test]
    async fn a_check_that_fails_is_an_error_with_its_output() {
        let error = run(Path::new("/bin/false"), &[]).await.unwrap_err();
        assert!(error.to_string().contains("exit status: 1"), "{error}");
    }
}
