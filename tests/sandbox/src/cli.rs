//! What the programs `sandbox` and `demo` have in common.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context as _, ensure};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::Sandbox;

/// The package, and the file, of the provider.
const PROVIDER: &str = "terraform-provider-gitops";

/// The arguments of this program, without a separator that only cargo needed.
///
/// `cargo demo -- --keep` arrives with the two dashes and is meant as `--keep`; `cargo sandbox --
/// ls -l` arrives with them too and is meant as it stands.
pub fn arguments() -> Vec<OsString> {
    without_separator(std::env::args_os().collect())
}

fn without_separator(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let is_option = |argument: &OsString| argument.to_string_lossy().starts_with('-');
    if arguments.get(1).is_some_and(|first| first == "--") && arguments.get(2).is_none_or(is_option)
    {
        arguments.remove(1);
    }
    arguments
}

/// Runs a program's work to its exit code; an error is printed with all its causes.
pub fn run(work: impl Future<Output = anyhow::Result<ExitCode>>) -> ExitCode {
    let filter = EnvFilter::try_from_env("SANDBOX_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,kube_client=off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(work),
        Err(e) => Err(e.into()),
    };
    outcome.unwrap_or_else(|e| {
        eprintln!("Error: {e:#}");
        ExitCode::FAILURE
    })
}

/// Ends when the user or the system asks this program to stop.
pub async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// As a shell gives it: the command's own, or 128 and the signal that ended it.
pub fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Builds the provider of this checkout with the profile and into the folder of this program, if
/// cargo started it; else gives nothing, and what lies there already is used.
pub async fn build_provider() -> anyhow::Result<Option<PathBuf>> {
    let Some(cargo) = std::env::var_os("CARGO") else {
        return Ok(None);
    };
    let program = std::env::current_exe()?;
    let folder = program.parent().context("this program is in no folder")?;
    let target = folder.parent().context("this program is in no target folder")?;
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let mut build = Command::new(cargo);
    build.args(["build", "--bin", PROVIDER]);
    build.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(target);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let status = tokio::task::spawn_blocking(move || build.status()).await??;
    ensure!(status.success(), "the provider could not be built: cargo build ended with {status}");
    Ok(Some(folder.join(PROVIDER)))
}

/// One line on stderr: how long the start took, and by when each part was ready.
pub fn print_timings(sandbox: &Sandbox) {
    let parts = sandbox.timings();
    let ready = parts.last().map_or(0.0, |(_, at)| at.as_secs_f64());
    let parts: Vec<String> =
        parts.iter().map(|(name, at)| format!("{name} {:.1}", at.as_secs_f64())).collect();
    eprintln!("sandbox: ready in {ready:.1} s ({})", parts.join(", "));
}

/// For a person with another terminal.
pub fn print_ways_to_look_around(sandbox: &Sandbox) {
    let folder = sandbox.folder().display();
    eprintln!("\nTo look around from another terminal:\n");
    eprintln!("  source {folder}/env");
    eprintln!("  kubectl get applications,appprojects,secrets --all-namespaces");
    if sandbox.eks().is_ok() {
        eprintln!("  curl --silent \"$AWS_ENDPOINT_URL_EKS/_sandbox/state\"");
    }
    eprintln!("  git clone {}", sandbox.git_url());
    eprintln!("  tail -f {folder}/logs/*.log");
    eprintln!("\nCtrl-C ends the sandbox and removes {folder}.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_is_dropped_before_an_option_and_kept_before_a_command() {
        let after = |arguments: &[&str]| {
            let all = std::iter::once("program")
                .chain(arguments.iter().copied())
                .map(OsString::from)
                .collect();
            let rest = without_separator(all).into_iter().skip(1);
            rest.map(|argument| argument.into_string().expect("UTF-8")).collect::<Vec<_>>()
        };
        assert_eq!(after(&["--", "--keep"]), ["--keep"]);
        assert_eq!(after(&["--"]), [""; 0]);
        assert_eq!(after(&["--keep"]), ["--keep"]);
        assert_eq!(after(&["--", "ls", "-l"]), ["--", "ls", "-l"]);
        assert_eq!(after(&["--without", "kro", "--", "ls"]), ["--without", "kro", "--", "ls"]);
    }

    #[test]
    fn an_exit_code_is_that_of_a_shell() {
        let code = |raw: i32| format!("{:?}", exit_code(ExitStatus::from_raw(raw)));
        assert_eq!(code(3 << 8), format!("{:?}", ExitCode::from(3)));
        assert_eq!(code(2), format!("{:?}", ExitCode::from(130)));
    }
}
