//! Programs that are there already.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::go::{Acceptable, Program};

/// Kubernetes' own convention for the folder of a test control plane.
const ASSETS_VARIABLE: &str = "KUBEBUILDER_ASSETS";

/// All binaries of a program, if every one is there in an acceptable version, and the same one.
pub(super) fn everything_of(program: &Program) -> Option<Vec<(&'static str, PathBuf)>> {
    let Acceptable::From { ask, lowest, below } = program.acceptable else {
        return None;
    };
    let mut version = None;
    let mut had = Vec::new();
    for binary in program.binaries {
        let path = in_assets(binary.name).or_else(|| on_path(binary.name))?;
        let its = version_of(&path, ask)?;
        if !(lowest..below).contains(&its) || *version.get_or_insert(its) != its {
            tracing::debug!(program = binary.name, version = ?its, "found, but not acceptable");
            return None;
        }
        had.push((binary.name, path));
    }
    Some(had)
}

fn in_assets(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(ASSETS_VARIABLE)?).join(name);
    path.is_file().then_some(path)
}

/// The first executable of this name on PATH.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// A version as its three numbers.
pub(super) type Version = (u32, u32, u32);

fn version_of(program: &Path, ask: &str) -> Option<Version> {
    let output = Command::new(program).args(ask.split_whitespace()).output().ok()?;
    first_version(&String::from_utf8_lossy(&output.stdout))
}

/// The first thing in the text that reads like `1.2.3`, whatever is around it.
fn first_version(text: &str) -> Option<Version> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(|word| {
        let mut numbers = word.split('.').map(str::parse);
        let version = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
        numbers.next().is_none().then_some(version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_the_programs_print() {
        for (text, version) in [
            ("etcd Version: 3.7.3\nGit SHA: 4e814e2\nGo Version: go1.26.8\n", (3, 7, 3)),
            ("Kubernetes v1.36.3\n", (1, 36, 3)),
            ("OpenTofu v1.12.6\non linux_amd64\n", (1, 12, 6)),
            ("terragrunt version v1.1.1", (1, 1, 1)),
            ("v3.20.2+g8fb76d6", (3, 20, 2)),
        ] {
            assert_eq!(first_version(text), Some(version), "{text}");
        }
        assert_eq!(first_version("(devel)"), None);
        assert_eq!(first_version("10.0.0.1"), None);
    }
}
