//! Building programs with Go.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, ensure};

use super::definitions;
use super::found::Version;
use crate::cache::{Cache, Key};

/// What is built from one module under `tools/`.
#[derive(Debug)]
pub(super) struct Program {
    /// The name of the cache entry.
    pub(super) name: &'static str,
    /// The folder under `tools/`.
    pub(super) module: &'static str,
    pub(super) version: &'static str,
    pub(super) binaries: &'static [Binary],
    /// For `-X`: a module proxy's zip carries no version control data to take a version from.
    pub(super) variables: &'static [(&'static str, &'static str)],
    pub(super) acceptable: Acceptable,
    /// How long a build takes on two cores with cold caches, in minutes, for the line that
    /// announces it.
    pub(super) minutes: &'static str,
}

#[derive(Debug)]
pub(super) struct Binary {
    pub(super) name: &'static str,
    pub(super) package: &'static str,
}

/// Which versions that are already there do as well.
#[derive(Clone, Copy, Debug)]
pub(super) enum Acceptable {
    /// None: what the sandbox shows depends on the exact version.
    None,
    /// From `lowest` to before `below`, as printed by the program with the arguments `ask`.
    From { ask: &'static str, lowest: Version, below: Version },
}

impl Program {
    /// The binaries out of the cache, built if they are not there.
    pub(super) fn build(&self, cache: &Cache) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
        let module = definitions().join(self.module);
        let arguments = self.arguments();
        let key = Key::new()
            .with(fs::read(module.join("go.mod"))?)
            .with(fs::read(module.join("go.sum"))?)
            .with(arguments.join(" "));
        let folder = cache.entry(&format!("{}-{}", self.name, self.version), &key, |folder| {
            let names: Vec<_> = self.binaries.iter().map(|binary| binary.name).collect();
            let (what, version, minutes) = (names.join(" and "), self.version, self.minutes);
            eprintln!("sandbox: building {what} {version}, about {minutes} min the first time");
            let start = Instant::now();
            for binary in self.binaries {
                let output = folder.join(binary.name);
                let status = go()
                    .current_dir(&module)
                    .args(&arguments)
                    .arg("-o")
                    .args([&output, Path::new(binary.package)])
                    .status()
                    .context("cannot run go, which the sandbox needs; install Go 1.26 or later")?;
                let name = binary.name;
                ensure!(status.success(), "go build of {name} {version} ended with {status}");
            }
            eprintln!("sandbox: built {what} in {} s", start.elapsed().as_secs());
            Ok(())
        })?;
        Ok(self.binaries.iter().map(|binary| (binary.name, folder.join(binary.name))).collect())
    }

    fn arguments(&self) -> Vec<String> {
        let mut linking = "-s -w".to_owned();
        for (name, value) in self.variables {
            linking.extend([" -X ", name, "=", value]);
        }
        let flags = ["build", "-trimpath", "-buildvcs=false", "-ldflags"];
        flags.into_iter().map(String::from).chain([linking]).collect()
    }
}

/// Go without what the user's environment may change about a build, and without downloads of
/// toolchains.
pub(super) fn go() -> Command {
    let mut go = Command::new("go");
    go.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=readonly").env("GOWORK", "off");
    // A C compiler is not among what the sandbox asks of a machine, and none of the programs needs
    // one.
    go.env("CGO_ENABLED", "0");
    go
}
