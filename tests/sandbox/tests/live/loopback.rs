//! Nothing that a sandbox starts can be reached from another machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::support::{managed, self_managed};

/// The one program that has no setting for the address of its metrics.
const EXCEPTION: &str = "argocd-application-controller";

/// The states of sockets, as /proc/net/tcp gives them: waiting for connections.
const LISTENING: &str = "0A";

#[tokio::test]
async fn everything_listens_on_loopback_but_one_port_of_argo_cd() {
    if !Path::new("/proc/self/net/tcp").exists() {
        eprintln!("skipped: there is no /proc to read who listens where");
        return;
    }
    managed().await;
    self_managed().await;
    let listening = listening();
    let programs: BTreeSet<_> = listening.iter().map(|(program, _)| program.as_str()).collect();
    // That the test sees the programs at all, and this process, which serves Git and EKS.
    for program in ["etcd", "kube-apiserver", "kro", "redis-server", EXCEPTION] {
        assert!(programs.contains(program), "{program} is not among {listening:?}");
    }
    let own = std::process::id();
    assert!(listening.iter().any(|(program, _)| *program == name(own)), "{listening:?}");

    let open: BTreeSet<_> = listening.iter().filter(|(_, address)| !is_loopback(address)).collect();
    let who: BTreeSet<_> = open.iter().map(|(program, _)| program.as_str()).collect();
    assert_eq!(who, BTreeSet::from([EXCEPTION]), "{open:?}");
}

/// The addresses at which this process and those that it started listen, with their programs.
fn listening() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for process in family(std::process::id()) {
        let folder = format!("/proc/{process}");
        let sockets: BTreeSet<String> = fs::read_dir(format!("{folder}/fd"))
            .into_iter()
            .flatten()
            .filter_map(|fd| Some(fs::read_link(fd.ok()?.path()).ok()?.display().to_string()))
            .collect();
        for table in ["tcp", "tcp6"] {
            let table = fs::read_to_string(format!("{folder}/net/{table}")).unwrap_or_default();
            for line in table.lines().skip(1) {
                let fields: Vec<&str> = line.split_whitespace().collect();
                if let [_, local, _, state, _, _, _, _, _, inode, ..] = fields[..]
                    && state == LISTENING
                    && sockets.contains(&format!("socket:[{inode}]"))
                {
                    found.insert((name(process), local.to_owned()));
                }
            }
        }
    }
    found
}

/// The process, and all that it started.
fn family(first: u32) -> BTreeSet<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for process in fs::read_dir("/proc").expect("/proc").flatten() {
        let id = process.file_name().to_str().and_then(|id| id.parse::<u32>().ok());
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        // The name, in parentheses, may hold anything; the state and the parent follow.
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
        if let (Some(id), Some(parent)) = (id, parent.and_then(|parent| parent.parse().ok())) {
            children.entry(parent).or_default().push(id);
        }
    }
    let (mut family, mut next) = (BTreeSet::new(), vec![first]);
    while let Some(process) = next.pop() {
        if family.insert(process) {
            next.extend(children.get(&process).into_iter().flatten());
        }
    }
    family
}

fn name(process: u32) -> String {
    let command = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let program = command.split(|byte| *byte == 0).next().unwrap_or_default();
    let program = String::from_utf8_lossy(program).into_owned();
    // Redis writes its address behind its name.
    let program = program.split(' ').next().unwrap_or_default();
    program.rsplit('/').next().unwrap_or_default().to_owned()
}

/// Whether a local address of /proc/net/tcp, in hexadecimal and the machine's byte order, can be
/// reached from this machine only: 127.0.0.0/8, `::1`, or the former as the latter.
fn is_loopback(address: &str) -> bool {
    let Some((host, _)) = address.split_once(':') else { return false };
    match host.len() {
        8 => host.ends_with("7F"),
        _ => {
            host == "00000000000000000000000001000000"
                || (host.starts_with("0000000000000000FFFF0000") && host.ends_with("7F"))
        }
    }
}
