//! What it is measured on.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

/// Cores, model, memory, load and versions, as one paragraph.
pub(crate) fn describe(provider: &Path) -> anyhow::Result<String> {
    let cores = available_parallelism()?;
    let processor = line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let memory = line("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let system = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let commit = output(Command::new("git").args(["rev-parse", "--short", "HEAD"]));
    let rust = output(Command::new("rustc").arg("--version"));
    let name = provider.file_name().unwrap_or_default().display();
    Ok(format!(
        "Machine: {cores} cores of {processor}, {memory} of memory, Linux {}, load {load} at the \
         start. Measured: {name} at {commit}, built by {rust}.",
        system.trim(),
    ))
}

/// The value of the first line that starts with a name and a colon.
fn line(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What a program prints, or that it could not be run.
pub(crate) fn output(command: &mut Command) -> String {
    match command.output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(_) => "unknown".to_owned(),
    }
}

/// A figure out of `/proc/PID/status`, in bytes: `VmRSS`, or `VmHWM` for the most so far.
pub(crate) fn memory(process: u32, name: &str) -> Option<u64> {
    let value = line(&format!("/proc/{process}/status"), name)?;
    let kib: u64 = value.strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
