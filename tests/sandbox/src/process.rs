//! Child processes that cannot outlive their owner.
//!
//! Every child is the leader of a process group of its own, and a supervisor (a few lines of shell,
//! started first) knows all groups. The supervisor reads from a pipe whose other end only the owner
//! holds: when the owner ends, however it ends, the kernel closes the pipe, and the supervisor
//! kills the groups and removes the temporary folder. No signal handler, destructor or `unsafe` is
//! involved, so SIGKILL is covered too.
//!
//! A child must not slip through between its start and its registration. So it starts as a shell
//! that waits for a file, which the owner writes after the registration; if the owner dies in
//! between, the supervisor ends, the shell notices and leaves without having started anything.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal as _, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process_group};

/// How long any program of the sandbox may take to start on a busy machine.
pub(crate) const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Reads `add ID` and `del ID` lines until the owner is gone, then kills what is left.
///
/// An id is what kill(1) takes: `-123` is the process group 123, `123` the one process. Removing
/// the folder is tried again for a while because a dying process may still be writing into it.
const SUPERVISOR: &str = r#"
trap '' INT TERM HUP
ids=
while read -r op id; do
  case $op in
    add) ids="$ids $id" ;;
    del) rest=; for i in $ids; do [ "$i" = "$id" ] || rest="$rest $i"; done; ids=$rest ;;
    keep) folder= ;;
  esac
done
for i in $ids; do kill -s KILL -- "$i"; done
tries=0
while [ -n "$folder" ] && [ $tries -lt 50 ] && ! rm -rf "$folder"; do
  tries=$((tries + 1)); sleep 0.1
done
"#;

/// `gate FILE SUPERVISOR PROGRAM ARGUMENTS…`: becomes the program once the file is there.
const GATE: &str = r#"
until [ -e "$1" ]; do kill -0 "$2" 2>/dev/null || exit 1; sleep 0.01; done
shift 2
exec "$@"
"#;

/// Starts children and sees to it that they end with the owner.
#[derive(Clone, Debug)]
pub struct Supervisor {
    folder: PathBuf,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shell: Child,
    /// Taken, and so closed, when the last process and the sandbox itself are gone.
    pipe: Mutex<Option<ChildStdin>>,
    started: AtomicU32,
}

impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.pipe.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        // Until the folder is removed, so that a sandbox that has been dropped has left nothing.
        let _ = self.shell.wait();
    }
}

impl Supervisor {
    /// Starts the supervisor of one sandbox. `folder` is removed when the owner has ended.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder.join("logs"))?;
        fs::create_dir_all(folder.join("gates"))?;
        let mut shell = Command::new("/bin/sh")
            .args(["-c", SUPERVISOR])
            .env("folder", folder)
            // Neither in the folder that it removes nor in the owner's.
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start the supervisor with /bin/sh")?;
        let pipe = shell.stdin.take().context("the supervisor has no standard input")?;
        let inner = Inner { shell, pipe: Mutex::new(Some(pipe)), started: AtomicU32::new(0) };
        Ok(Self { folder: folder.to_owned(), inner: Arc::new(inner) })
    }

    /// Leaves the temporary folder in place when the owner ends, for looking at logs.
    pub fn keep_folder(&self) -> anyhow::Result<()> {
        self.tell("keep -")
    }

    /// Starts a program of the sandbox in the background, without input, both outputs in
    /// `logs/NAME.log`.
    pub fn spawn(&self, name: &str, command: &Command) -> anyhow::Result<Process> {
        let log = self.folder.join("logs").join(format!("{name}.log"));
        let output = OpenOptions::new().create(true).append(true).open(&log)?;
        let (mut gated, file) = self.gate(command);
        gated.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).process_group(0);
        let child = gated.spawn().with_context(|| format!("cannot start {name}"))?;
        let group = Pid::from_child(&child);
        // From here on dropping the process takes it back.
        let process =
            Process { name: name.to_owned(), log, child, group, supervisor: self.clone() };
        self.tell(&format!("add -{}", process.group()))?;
        File::create(file)?;
        Ok(process)
    }

    /// Runs a user's command with the owner's input and outputs and waits for it.
    ///
    /// At a terminal it stays in the foreground group, so that Ctrl-C and input reach it directly.
    /// Elsewhere it gets a group of its own, which is killed as a whole at the end; `interrupted`
    /// is awaited beside it and passed on as SIGINT.
    pub async fn run(
        &self,
        command: &Command,
        interrupted: impl Future<Output = ()>,
    ) -> anyhow::Result<ExitStatus> {
        let at_terminal = io::stdin().is_terminal();
        let (mut gated, file) = self.gate(command);
        if !at_terminal {
            gated.process_group(0);
        }
        let name = command.get_program().to_string_lossy();
        let mut child = gated.spawn().with_context(|| format!("cannot start {name}"))?;
        let pid = Pid::from_child(&child);
        let id = if at_terminal { pid.to_string() } else { format!("-{pid}") };
        self.tell(&format!("add {id}"))?;
        File::create(file)?;

        let mut interrupted = std::pin::pin!(interrupted);
        let mut signalled = false;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(10)) => {}
                () = &mut interrupted, if !signalled => {
                    signalled = true;
                    if !at_terminal {
                        // It may have ended in the meantime.
                        let _ = kill_process_group(pid, Signal::INT);
                    }
                }
            }
        };
        if !at_terminal {
            // What the command left behind in its group; usually nothing.
            let _ = kill_process_group(pid, Signal::KILL);
        }
        self.tell(&format!("del {id}"))?;
        Ok(status)
    }

    /// The same command behind the gate (program, arguments, environment, folder), and the file
    /// that opens it.
    fn gate(&self, command: &Command) -> (Command, PathBuf) {
        let number = self.inner.started.fetch_add(1, Ordering::Relaxed);
        let file = self.folder.join("gates").join(number.to_string());
        let mut gated = Command::new("/bin/sh");
        gated.args([OsStr::new("-c"), OsStr::new(GATE), OsStr::new("gate"), file.as_os_str()]);
        gated
            .arg(self.inner.shell.id().to_string())
            .arg(command.get_program())
            .args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => gated.env(key, value),
                None => gated.env_remove(key),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            gated.current_dir(folder);
        }
        (gated, file)
    }

    fn tell(&self, line: &str) -> anyhow::Result<()> {
        let mut pipe = self.inner.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let pipe = pipe.as_mut().context("the supervisor of the sandbox has been dismissed")?;
        // One write of less than PIPE_BUF bytes, so the supervisor never sees half a line.
        pipe.write_all(format!("{line}\n").as_bytes())
            .context("the supervisor of the sandbox is gone")
    }
}

/// One running program of the sandbox. Dropping it kills its whole process group.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    child: Child,
    group: Pid,
    supervisor: Supervisor,
}

impl Process {
    /// The process group, which is also the id of its leader.
    pub fn group(&self) -> i32 {
        self.group.as_raw_nonzero().get()
    }

    /// Where both outputs of the program go.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Asks `ready` every 20 ms until it says yes. Fails when the program ends or the time is over,
    /// quoting the end of its log.
    pub async fn wait_ready<F, Fut>(
        &mut self,
        timeout: Duration,
        mut ready: F,
    ) -> anyhow::Result<()>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = bool>,
    {
        let start = Instant::now();
        loop {
            if ready().await {
                tracing::debug!(program = self.name, took = ?start.elapsed(), "ready");
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!(
                    "{} ended with {status} before it was ready; its log ends with:\n{}",
                    self.name,
                    self.tail()
                );
            }
            if start.elapsed() > timeout {
                bail!(
                    "{} was not ready within {timeout:?}; its log ends with:\n{}",
                    self.name,
                    self.tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The end of the log, at most 4 KiB.
    fn tail(&self) -> String {
        tail(&self.log).unwrap_or_else(|e| format!("({} cannot be read: {e})", self.log.display()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing in a sandbox is worth a graceful end. Failing means that it has ended already.
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.child.wait();
        let _ = self.supervisor.tell(&format!("del -{}", self.group()));
    }
}

fn tail(log: &Path) -> io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(4096)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether something listens on the loopback port.
pub(crate) async fn listens(port: u16) -> bool {
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
}
