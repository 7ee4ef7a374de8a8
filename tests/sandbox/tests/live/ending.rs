//! Nothing survives the sandbox's owner.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::eventually;

/// A sandbox in a process of its own whose command says where it is and then waits.
fn start_owner(command: &str) -> (Child, PathBuf) {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .args(["--without", "argocd,kargo", "--", "sh", "-c", command])
        // Else it would build the provider first.
        .env_remove("CARGO")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a started sandbox");
    let mut line = String::new();
    let output = owner.stdout.take().expect("its output");
    BufReader::new(output).read_line(&mut line).expect("its first line");
    (owner, PathBuf::from(line.trim()))
}

/// The processes that have the folder in their environment or arguments, which all of a sandbox do.
///
/// Read from /proc, or where there is none from ps, which shows arguments and, of one's own
/// processes, the environment.
fn processes_of(folder: &Path) -> BTreeSet<String> {
    let folder = folder.to_str().expect("a path in UTF-8");
    let Ok(all) = fs::read_dir("/proc") else {
        let output = Command::new("ps").args(["-axEww", "-o", "command"]).output().expect("ps");
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        return lines.lines().filter(|line| line.contains(folder)).map(str::to_owned).collect();
    };
    let mut found = BTreeSet::new();
    for process in all.flatten() {
        let read = |name| fs::read(process.path().join(name)).unwrap_or_default();
        let command = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
        let environment = String::from_utf8_lossy(&read("environ")).into_owned();
        if command.contains(folder) || environment.contains(folder) {
            found.insert(command);
        }
    }
    found
}

#[tokio::test]
async fn a_killed_owner_leaves_no_process_and_no_folder() {
    let (mut owner, folder) = start_owner("echo $SANDBOX_FOLDER; sleep 1000 & wait");
    let running = processes_of(&folder);
    for name in ["etcd", "kube-apiserver", "kube-controller-manager", "moto.server", "sleep 1000"] {
        assert!(
            running.iter().any(|command| command.contains(name)),
            "{name} is not among {running:?}"
        );
    }
    kill_process(Pid::from_child(&owner), Signal::KILL).expect("a kill");
    owner.wait().expect("the end of the owner");
    eventually("the end of all processes", || async {
        let left = processes_of(&folder);
        if left.is_empty() && !folder.exists() { Ok(()) } else { Err((left, folder.exists())) }
    })
    .await;
}

#[tokio::test]
async fn an_owner_that_ends_has_stopped_everything_and_gives_its_commands_status() {
    let (mut owner, folder) = start_owner("echo $SANDBOX_FOLDER; sleep 1000 & exit 42");
    assert_eq!(owner.wait().expect("the end of the owner").code(), Some(42));
    assert_eq!(processes_of(&folder), BTreeSet::new());
    assert!(!folder.exists());
}

#[tokio::test]
async fn an_interrupt_reaches_the_command_and_ends_the_sandbox() {
    let (mut owner, folder) =
        start_owner("trap 'exit 3' INT; echo $SANDBOX_FOLDER; while :; do sleep 0.05; done");
    kill_process(Pid::from_child(&owner), Signal::INT).expect("an interrupt");
    assert_eq!(owner.wait().expect("the end of the owner").code(), Some(3));
    assert_eq!(processes_of(&folder), BTreeSet::new());
    assert!(!folder.exists());
}
